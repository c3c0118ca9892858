#pragma once
// A Postgres cluster of one's own in a folder: made on the first start, kept afterwards, durable (fsync on).
// Run as an ordinary user when started by root, since Postgres refuses root. Local connections come over
// the socket in a folder that only that user (and root) can enter; TCP on 127.0.0.1 needs the password that
// was made for it. Main thread.
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cli/dev/child_process.hpp"
#include "cli/dev/dev_folder.hpp"
#include "cli/text/output.hpp"
#include "shared/base/result.hpp"

namespace noetl::dev {

struct PrivatePostgres {
  std::unique_ptr<ChildProcess> process;
  std::string database_url;  // of the server; libpq keywords, over the socket
  std::string
      playbook_url;  // of steps that name no database: a role and a database of their own, over TCP, with a password
  std::string playbook_socket_url;  // the same for whoever looks at it, over the socket
  std::string folder;  // of the cluster
  bool has_superuser_role = false;  // of a cluster made before the role noetl was a plain one
  int port = 0;
};

// Returns when it answers. Errors: not_found (no Postgres installed), unavailable (with the log's tail).
[[nodiscard]] base::Result<PrivatePostgres> start_postgres(DevFolder& data, const cli::Output& output,
                                                           const std::stop_token& stop);

}  // namespace noetl::dev
