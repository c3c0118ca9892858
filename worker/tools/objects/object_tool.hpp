#pragma once
// ObjectTool: puts, gets and deletes one object of a store that speaks S3's protocol: `gcs` is Google's XML API, `s3` Amazon's
// and those like it (docs/reference/tools.md has the options). Any thread.
#include <chrono>

#include "worker/tools/http/http_clients.hpp"
#include "worker/tools/http/http_exchange.hpp"
#include "worker/tools/objects/object_call.hpp"
#include "worker/tools/objects/service_account.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

class ObjectTool final : public Tool {
 public:
  // `kind`: gcs or s3.
  ObjectTool(std::string kind, ToolLimits limits);
  [[nodiscard]] std::string_view kind() const override { return kind_; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  struct Way;  // how one call reaches its peers
  [[nodiscard]] ToolResult run_call(const ToolCall& call);
  // Who we are, into the request. A result is the failure to find out.
  [[nodiscard]] std::optional<ToolResult> identify(objects::ObjectCall& object, const Way& way);
  [[nodiscard]] tl::expected<std::string, ToolResult> token_of(const objects::ServiceAccount& account, const Way& way);

  const std::string kind_;
  const ToolLimits limits_;
  HttpClients clients_;
  objects::TokenCache tokens_;
};

}  // namespace noetl::tools
