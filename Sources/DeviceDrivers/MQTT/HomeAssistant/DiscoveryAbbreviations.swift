/// The short names of discovery's keys.
///
/// Source: Home Assistant's documentation, "MQTT", "Supported abbreviations in MQTT discovery
/// messages". Keys of components that are not read here are left as they are, which changes
/// nothing: nobody asks for them.
enum DiscoveryAbbreviations {
    /// Keys of an entity, of a whole device's message and of a place in an availability list.
    static let entity = table(
        """
        act_t action_topic act_tpl action_template
        avty availability avty_mode availability_mode avty_t availability_topic
        avty_tpl availability_template bri_cmd_t brightness_command_topic
        bri_cmd_tpl brightness_command_template bri_scl brightness_scale
        bri_stat_t brightness_state_topic bri_tpl brightness_template
        bri_val_tpl brightness_value_template clr_temp_cmd_t color_temp_command_topic
        clr_temp_cmd_tpl color_temp_command_template clr_temp_stat_t color_temp_state_topic
        clr_temp_val_tpl color_temp_value_template clrm_stat_t color_mode_state_topic
        clrm_val_tpl color_mode_value_template cmd_off_tpl command_off_template
        cmd_on_tpl command_on_template cmd_t command_topic cmd_tpl command_template
        cmps components curr_hum_t current_humidity_topic curr_hum_tpl current_humidity_template
        curr_temp_t current_temperature_topic curr_temp_tpl current_temperature_template
        dev device dev_cla device_class e encoding en enabled_by_default ent_cat entity_category
        exp_aft expire_after fan_mode_cmd_t fan_mode_command_topic
        fan_mode_cmd_tpl fan_mode_command_template fan_mode_stat_t fan_mode_state_topic
        fan_mode_stat_tpl fan_mode_state_template fx_cmd_t effect_command_topic
        fx_cmd_tpl effect_command_template fx_list effect_list fx_stat_t effect_state_topic
        fx_val_tpl effect_value_template hs_stat_t hs_state_topic hs_val_tpl hs_value_template
        hum_cmd_t target_humidity_command_topic hum_cmd_tpl target_humidity_command_template
        hum_stat_t target_humidity_state_topic hum_state_tpl target_humidity_state_template
        hum_stat_tpl target_humidity_state_template l_ver_t latest_version_topic
        l_ver_tpl latest_version_template max_hum max_humidity max_mirs max_mireds
        min_hum min_humidity min_mirs min_mireds mode_cmd_t mode_command_topic
        mode_cmd_tpl mode_command_template mode_stat_t mode_state_topic
        mode_stat_tpl mode_state_template o origin ops options opt optimistic p platform
        pct_stat_t percentage_state_topic pct_cmd_t percentage_command_topic
        pct_val_tpl percentage_value_template pl_avail payload_available pl_cls payload_close
        pl_inst payload_install pl_not_avail payload_not_available pl_off payload_off
        pl_on payload_on pl_open payload_open pl_prs payload_press pl_rst payload_reset
        pl_stop payload_stop pos_clsd position_closed pos_open position_open pos_t position_topic
        pos_tpl position_template pow_cmd_t power_command_topic pow_cmd_tpl power_command_template
        pr_mode_cmd_t preset_mode_command_topic pr_mode_cmd_tpl preset_mode_command_template
        pr_mode_stat_t preset_mode_state_topic pr_mode_val_tpl preset_mode_value_template
        pr_modes preset_modes ret retain rgb_stat_t rgb_state_topic rgb_val_tpl rgb_value_template
        set_pos_t set_position_topic set_pos_tpl set_position_template stat_cla state_class
        stat_clsd state_closed stat_closing state_closing stat_off state_off stat_on state_on
        stat_open state_open stat_opening state_opening stat_stopped state_stopped
        stat_t state_topic stat_tpl state_template stat_val_tpl state_value_template
        sug_dsp_prc suggested_display_precision sup_clrm supported_color_modes
        swing_mode_cmd_t swing_mode_command_topic swing_mode_cmd_tpl swing_mode_command_template
        swing_mode_stat_t swing_mode_state_topic swing_mode_stat_tpl swing_mode_state_template
        t topic temp_cmd_t temperature_command_topic temp_cmd_tpl temperature_command_template
        temp_hi_cmd_t temperature_high_command_topic
        temp_hi_cmd_tpl temperature_high_command_template
        temp_hi_stat_t temperature_high_state_topic temp_hi_stat_tpl temperature_high_state_template
        temp_lo_cmd_t temperature_low_command_topic temp_lo_cmd_tpl temperature_low_command_template
        temp_lo_stat_t temperature_low_state_topic temp_lo_stat_tpl temperature_low_state_template
        temp_stat_t temperature_state_topic temp_stat_tpl temperature_state_template
        temp_unit temperature_unit tilt_clsd_val tilt_closed_value tilt_cmd_t tilt_command_topic
        tilt_cmd_tpl tilt_command_template tilt_opnd_val tilt_opened_value
        tilt_status_t tilt_status_topic tilt_status_tpl tilt_status_template tit title
        uniq_id unique_id unit_of_meas unit_of_measurement val_tpl value_template
        xy_stat_t xy_state_topic xy_val_tpl xy_value_template
        """)

    /// Keys of the device that an entity belongs to.
    static let device = table(
        """
        cu configuration_url cns connections hw hw_version ids identifiers mf manufacturer
        mdl model mdl_id model_id sa suggested_area sn serial_number sw sw_version
        """)

    private static func table(_ text: String) -> [String: String] {
        let words = text.split { $0 == " " || $0 == "\n" }.map(String.init)
        var names: [String: String] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) {
            names[words[index]] = words[index + 1]
        }
        return names
    }
}
