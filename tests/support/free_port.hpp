#pragma once
// free_port: a TCP port on 127.0.0.1 that nobody listens on now, for servers that must keep their port
// over restarts. Another process may take it before its user does: starters retry with another. Any thread.
namespace noetl::support {

[[nodiscard]] int free_port();
[[nodiscard]] bool is_listening(int port);

}  // namespace noetl::support
