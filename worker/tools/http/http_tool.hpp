#pragma once
// HttpTool: one HTTP request per call, redirects included (docs/reference/tools.md has the options). Any thread;
// connections are kept for the next request to the same origin.
#include <chrono>
#include <cstddef>

#include "worker/tools/http/http_clients.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

struct HttpSettings {
  ToolLimits limits;
  std::chrono::milliseconds connect_timeout{10'000};
  int redirects_max = 10;
};

class HttpTool final : public Tool {
 public:
  explicit HttpTool(HttpSettings settings);
  [[nodiscard]] std::string_view kind() const override { return "http"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  // {"status_code","headers","url","elapsed","data","body"}; `body` is `data` under its older name. Both are null where the
  // body is no text, and "data_b64" has it. A status that is not 2xx fails, and the result is there nevertheless.
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  [[nodiscard]] ToolResult run_request(const ToolCall& call);
  [[nodiscard]] ToolResult send(const ToolCall& call, HttpRequest& request);

  const HttpSettings settings_;
  HttpClients clients_;
};

}  // namespace noetl::tools
