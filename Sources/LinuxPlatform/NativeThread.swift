import CEdgeShims
import Glibc

/// Starts a detached thread with a small stack and a name that `top -H` shows.
enum NativeThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// - Parameter stack: In bytes. 512 KiB hold SQLite's and libmosquitto's deepest calls; pages
    ///   that are never touched cost nothing.
    static func start(
        _ name: String, stack: Int = 512 << 10, _ run: @escaping @Sendable () -> Void
    ) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stack)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                edge_name_thread(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            body.release()
            // Without its threads the process can do nothing; say why and go.
            fatalError("cannot start thread \(name): \(String(cString: strerror(code)))")
        }
    }
}
