#pragma once
// NatsTool: publishes, asks, and keeps values in JetStream buckets, on the NATS that a credential or the settings
// name. Any thread; connections are kept by credential. docs/reference/tools.md has the options.
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "shared/nats/connection.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct NatsToolSettings {
  ToolLimits limits;
  std::string default_url;  // of steps that name nobody, with its login; empty: they are refused
  std::string server_url;  // of credentials that name no server; without a login. Empty: they are refused
  std::string tls_ca_file;  // for whoever says tls://; empty: the system's authorities
};

class NatsTool final : public Tool {
 public:
  explicit NatsTool(NatsToolSettings settings) : settings_(std::move(settings)) {}
  [[nodiscard]] std::string_view kind() const override { return "nats"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  struct Bounds;  // what is left of a call
  // Shared by the calls that run on it: it may leave the map while they do.
  using Connection = std::shared_ptr<nats::Connection>;
  [[nodiscard]] ToolResult run_operation(const ToolCall& call);
  [[nodiscard]] base::Result<Connection> connection_for(const ToolCall& call, const Bounds& bounds);

  const NatsToolSettings settings_;
  std::mutex mutex_;  // of all below
  std::map<std::string, Connection> connections_;
};

}  // namespace noetl::tools
