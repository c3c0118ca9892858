#pragma once
// SecretsTool: looks a secret up, in a credential or in an environment variable that the operator allows. The
// value itself comes into the result, and so into the database, only when the step asks for it. Any thread.
#include <string_view>

#include "shared/process/environment.hpp"
#include "worker/tools/tool.hpp"

namespace noetl::tools {

class SecretsTool final : public Tool {
 public:
  // `allowed`: names of variables, with commas; a * at the end stands for any.
  explicit SecretsTool(std::string_view allowed) : allowed_(allowed) {}
  [[nodiscard]] std::string_view kind() const override { return "secrets"; }
  [[nodiscard]] std::span<const OptionSpec> options() const override;
  // {"status","provider","name","found"}, with `reveal` also "value".
  [[nodiscard]] ToolResult run(const ToolCall& call) override;

 private:
  [[nodiscard]] ToolResult look_up(const ToolCall& call) const;

  process::NamePatterns allowed_;
};

}  // namespace noetl::tools
