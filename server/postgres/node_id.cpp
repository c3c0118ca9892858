#include "server/postgres/node_id.hpp"

#include "server/postgres/connection_pool.hpp"
#include "server/postgres/queries.hpp"
#include "server/postgres/session.hpp"

namespace noetl::postgres {

int take_node_id(ConnectionPool& connections) {
  int node = 0;
  connections.run_one([&](Session& session) { node = session.run(queries::TakeNodeId{})[0][0].as<int>(); });
  return node;
}

}  // namespace noetl::postgres
