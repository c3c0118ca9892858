#pragma once
// Checkpoints in a table of Postgres, over a connection of libpq that belongs to the caller: in a transaction that is open there, what the
// caller did for a message and how far it has come are kept together, or neither. As thread-safe as the connection: one thread.
#include "shared/messaging/checkpointer.hpp"

struct pg_conn;  // PGconn

namespace noetl::messaging {

class PostgresCheckpointer final : public Checkpointer {
 public:
  // settings: `table` is no name ("schema.table" or "table"). The connection must outlive it.
  [[nodiscard]] static Result<PostgresCheckpointer> open(pg_conn* connection, std::string table = "noetl.checkpoint");

  // For databases that are not noetl's, whose migrations make the table.
  [[nodiscard]] Result<void> make_table();

  [[nodiscard]] Result<std::optional<StoredCheckpoint>> load(const std::string& name) override;
  [[nodiscard]] Result<std::uint64_t> save(const std::string& name, const std::string& position,
                                           std::uint64_t revision) override;
  [[nodiscard]] Result<void> remove(const std::string& name) override;

 private:
  PostgresCheckpointer(pg_conn* connection, std::string table) : connection_(connection), table_(std::move(table)) {}

  pg_conn* connection_;
  std::string table_;
};

}  // namespace noetl::messaging
