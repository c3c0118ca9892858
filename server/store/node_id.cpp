#include "server/store/node_id.hpp"

#include "server/store/connection_pool.hpp"
#include "server/store/session.hpp"

namespace noetl::store {

int take_node_id(ConnectionPool& connections) {
  int node = 0;
  connections.run_one([&](Session& session) { node = session.run("take_node_id")[0][0].as<int>(); });
  return node;
}

}  // namespace noetl::store
