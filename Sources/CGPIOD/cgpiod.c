#define _GNU_SOURCE
#include "CGPIOD.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Both generations use one set of names for different functions, so that no program can include
// both headers: the prototypes are written here, with handles as plain pointers.
#define V1_FUNCTIONS(F) \
    F(void *, chip_open, (const char *)) \
    F(void, chip_close, (void *)) \
    F(const char *, chip_name, (void *)) \
    F(const char *, chip_label, (void *)) \
    F(unsigned, chip_num_lines, (void *)) \
    F(void *, chip_get_line, (void *, unsigned)) \
    F(const char *, line_name, (void *)) \
    F(const char *, line_consumer, (void *)) \
    F(bool, line_is_used, (void *)) \
    F(int, line_direction, (void *)) \
    F(int, line_active_state, (void *))

#define V2_FUNCTIONS(F) \
    F(void *, chip_open, (const char *)) \
    F(void, chip_close, (void *)) \
    F(void *, chip_get_info, (void *)) \
    F(const char *, chip_info_get_name, (void *)) \
    F(const char *, chip_info_get_label, (void *)) \
    F(size_t, chip_info_get_num_lines, (void *)) \
    F(void, chip_info_free, (void *)) \
    F(void *, chip_get_line_info, (void *, unsigned)) \
    F(const char *, line_info_get_name, (void *)) \
    F(const char *, line_info_get_consumer, (void *)) \
    F(bool, line_info_is_used, (void *)) \
    F(int, line_info_get_direction, (void *)) \
    F(bool, line_info_is_active_low, (void *)) \
    F(void, line_info_free, (void *)) \
    F(void *, line_settings_new, (void)) \
    F(void, line_settings_free, (void *)) \
    F(int, line_settings_set_direction, (void *, int)) \
    F(int, line_settings_set_edge_detection, (void *, int)) \
    F(int, line_settings_set_bias, (void *, int)) \
    F(int, line_settings_set_drive, (void *, int)) \
    F(void, line_settings_set_active_low, (void *, bool)) \
    F(void, line_settings_set_debounce_period_us, (void *, unsigned long)) \
    F(int, line_settings_set_output_value, (void *, int)) \
    F(void *, line_config_new, (void)) \
    F(void, line_config_free, (void *)) \
    F(int, line_config_add_line_settings, (void *, const unsigned *, size_t, void *)) \
    F(void *, request_config_new, (void)) \
    F(void, request_config_free, (void *)) \
    F(void, request_config_set_consumer, (void *, const char *)) \
    F(void, request_config_set_event_buffer_size, (void *, size_t)) \
    F(void *, chip_request_lines, (void *, void *, void *)) \
    F(int, line_request_get_fd, (void *)) \
    F(void, line_request_release, (void *))

#define FIELD(result, name, parameters) result (*name) parameters;
struct edge_gpiod {
    int generation;
    struct { V1_FUNCTIONS(FIELD) } v1;
    struct { V2_FUNCTIONS(FIELD) } v2;
};
#undef FIELD

struct edge_gpiod *edge_gpiod_load(
    const char *name, int generation, char *error, size_t error_size) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(error, error_size, "%s", dlerror());
        return NULL;
    }
    struct edge_gpiod *table = calloc(1, sizeof *table);
    if (table == NULL) abort();
    table->generation = generation;
    // A void pointer is copied, as POSIX has dlsym(3) do it for functions.
    void *found;
    const char *missing = NULL;
#define LOOK_UP(version, name) \
    found = dlsym(library, "gpiod_" #name); \
    if (found == NULL) missing = "gpiod_" #name; \
    memcpy(&table->version.name, &found, sizeof found);
#define LOOK_UP_V1(result, name, parameters) LOOK_UP(v1, name)
#define LOOK_UP_V2(result, name, parameters) LOOK_UP(v2, name)
    if (generation == 1) {
        V1_FUNCTIONS(LOOK_UP_V1)
    } else {
        V2_FUNCTIONS(LOOK_UP_V2)
    }
    if (missing != NULL) {
        snprintf(error, error_size, "it has no %s", missing);
        free(table);
        dlclose(library);
        return NULL;
    }
    return table;
}

int edge_gpiod_generation(const struct edge_gpiod *library) { return library->generation; }

static void copy(char *to, const char *from) {
    snprintf(to, EDGE_GPIO_NAME_SIZE, "%s", from != NULL ? from : "");
}

static int describe_chip(
    const struct edge_gpiod *gpiod, void *handle, struct edge_gpio_chip *chip) {
    if (gpiod->generation == 1) {
        copy(chip->name, gpiod->v1.chip_name(handle));
        copy(chip->label, gpiod->v1.chip_label(handle));
        chip->lines = gpiod->v1.chip_num_lines(handle);
        return 0;
    }
    void *info = gpiod->v2.chip_get_info(handle);
    if (info == NULL) return -1;
    copy(chip->name, gpiod->v2.chip_info_get_name(info));
    copy(chip->label, gpiod->v2.chip_info_get_label(info));
    chip->lines = (uint32_t)gpiod->v2.chip_info_get_num_lines(info);
    gpiod->v2.chip_info_free(info);
    return 0;
}

static int describe_line(
    const struct edge_gpiod *gpiod, void *chip, uint32_t offset, struct edge_gpio_line *line) {
    if (gpiod->generation == 1) {
        void *handle = gpiod->v1.chip_get_line(chip, offset);
        if (handle == NULL) return -1;
        copy(line->name, gpiod->v1.line_name(handle));
        copy(line->consumer, gpiod->v1.line_consumer(handle));
        line->is_used = gpiod->v1.line_is_used(handle);
        // GPIOD_LINE_DIRECTION_OUTPUT and GPIOD_LINE_ACTIVE_STATE_LOW of 1.x.
        line->is_output = gpiod->v1.line_direction(handle) == 2;
        line->is_active_low = gpiod->v1.line_active_state(handle) == 2;
        return 0;
    }
    void *info = gpiod->v2.chip_get_line_info(chip, offset);
    if (info == NULL) return -1;
    copy(line->name, gpiod->v2.line_info_get_name(info));
    copy(line->consumer, gpiod->v2.line_info_get_consumer(info));
    line->is_used = gpiod->v2.line_info_is_used(info);
    // GPIOD_LINE_DIRECTION_OUTPUT of 2.x.
    line->is_output = gpiod->v2.line_info_get_direction(info) == 3;
    line->is_active_low = gpiod->v2.line_info_is_active_low(info);
    gpiod->v2.line_info_free(info);
    return 0;
}

static void *chip_open(const struct edge_gpiod *gpiod, const char *path) {
    return gpiod->generation == 1 ? gpiod->v1.chip_open(path) : gpiod->v2.chip_open(path);
}

static void chip_close(const struct edge_gpiod *gpiod, void *chip) {
    int reason = errno;
    if (gpiod->generation == 1) {
        gpiod->v1.chip_close(chip);
    } else {
        gpiod->v2.chip_close(chip);
    }
    errno = reason;
}

int edge_gpiod_chip(
    const struct edge_gpiod *library, const char *path, struct edge_gpio_chip *chip) {
    void *handle = chip_open(library, path);
    if (handle == NULL) return -1;
    int code = describe_chip(library, handle, chip);
    chip_close(library, handle);
    return code;
}

int edge_gpiod_line(
    const struct edge_gpiod *library, const char *path, uint32_t offset,
    struct edge_gpio_line *line) {
    void *chip = chip_open(library, path);
    if (chip == NULL) return -1;
    int code = describe_line(library, chip, offset, line);
    chip_close(library, chip);
    return code;
}

int edge_gpiod_lines(
    const struct edge_gpiod *library, const char *path, struct edge_gpio_line *lines,
    uint32_t count) {
    void *chip = chip_open(library, path);
    if (chip == NULL) return -1;
    int code = 0;
    for (uint32_t i = 0; i < count && code == 0; i++) {
        code = describe_line(library, chip, i, &lines[i]);
    }
    chip_close(library, chip);
    return code;
}

// One settings object for inputs, one for each of the two values of outputs.
static int add_lines(
    const struct edge_gpiod *gpiod, const struct edge_gpio_request *request, void *config) {
    void *settings = gpiod->v2.line_settings_new();
    if (settings == NULL) return -1;
    // The enumerations of 2.x begin at 1; its biases have "unknown" after "as is".
    static const int bias[] = {1, 3, 4, 5};
    int code = gpiod->v2.line_settings_set_direction(settings, request->is_output ? 3 : 2);
    code |= gpiod->v2.line_settings_set_bias(settings, bias[request->bias & 3]);
    gpiod->v2.line_settings_set_active_low(settings, request->is_active_low);
    if (request->is_output) {
        code |= gpiod->v2.line_settings_set_drive(settings, request->drive + 1);
    } else {
        code |= gpiod->v2.line_settings_set_edge_detection(settings, request->edges + 1);
        gpiod->v2.line_settings_set_debounce_period_us(settings, request->debounce_us);
    }
    // In the request's order: it decides which bit of a value is which line.
    for (uint32_t i = 0; i < request->count && code == 0; i++) {
        if (request->is_output) {
            int value = (request->values >> i & 1) != 0;
            code = gpiod->v2.line_settings_set_output_value(settings, value);
        }
        if (code == 0) {
            code = gpiod->v2.line_config_add_line_settings(
                config, &request->offsets[i], 1, settings);
        }
    }
    gpiod->v2.line_settings_free(settings);
    return code;
}

int edge_gpiod_request(
    const struct edge_gpiod *library, const char *path, const struct edge_gpio_request *request) {
    if (library->generation == 1) return edge_gpio_request(path, request);
    if (request->count == 0 || request->count > EDGE_GPIO_LINES_MAX) {
        errno = EINVAL;
        return -1;
    }
    int descriptor = -1, reason = 0;
    void *chip = library->v2.chip_open(path);
    if (chip == NULL) return -1;
    void *options = library->v2.request_config_new();
    void *config = library->v2.line_config_new();
    if (options != NULL && config != NULL && add_lines(library, request, config) == 0) {
        library->v2.request_config_set_consumer(options, request->consumer);
        if (request->edges != 0) {
            library->v2.request_config_set_event_buffer_size(options, request->buffer);
        }
        void *lines = library->v2.chip_request_lines(chip, options, config);
        reason = errno;
        if (lines != NULL) {
            // A copy of the descriptor holds the lines; the guard gets another one.
            descriptor = fcntl(library->v2.line_request_get_fd(lines), F_DUPFD_CLOEXEC, 0);
            reason = errno;
            library->v2.line_request_release(lines);
        }
    } else {
        reason = errno;
    }
    if (config != NULL) library->v2.line_config_free(config);
    if (options != NULL) library->v2.request_config_free(options);
    chip_close(library, chip);
    errno = reason;
    return descriptor;
}
