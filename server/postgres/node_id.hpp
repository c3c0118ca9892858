#pragma once
// The node part of the ids that this process makes: taken from a sequence at start, so that no two
// replicas share one (1024 starts later it comes round). Throws Unavailable. Any thread.
namespace noetl::postgres {
class ConnectionPool;
[[nodiscard]] int take_node_id(ConnectionPool& connections);
}  // namespace noetl::postgres
