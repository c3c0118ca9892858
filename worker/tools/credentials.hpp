#pragma once
// What tools may ask the server for while they run: a credential by its name, a stored result by its
// reference. The worker's loop implements both over HTTP and puts them into every ToolCall; a tool calls
// them when an option names one, so that no secret travels in a command, an event or a log.
// Any thread; a call blocks for at most the implementation's own request timeout.
#include <nlohmann/json.hpp>
#include <string>

#include "shared/base/result.hpp"
#include "shared/secrets/credential_policy.hpp"

namespace noetl::tools {

struct Credential {
  std::string name;
  std::string type;  // "postgres", "bearer", "basic", "api_key", "nats", …
  nlohmann::json data = nlohmann::json::object();  // the secret: never into a result, an error or a log
  secrets::CredentialPolicies policies = {};  // what it may be used for; none: the playbook wrote it itself
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // not_found: no credential has this name. forbidden, unauthenticated: this worker may not read it.
  // unavailable, timeout: the server could not be asked; the attempt may be retried.
  [[nodiscard]] virtual base::Result<Credential> find(const std::string& name) = 0;
  // What a tool was given in exchange for a credential is as secret: a text that is not to leave with the report.
  virtual void hide(const std::string& secret) { static_cast<void>(secret); }
};

class ResultSource {
 public:
  virtual ~ResultSource() = default;
  // The JSON that is stored under a reference: "noetl://result/<id>", or the bare id.
  // not_found: nothing is stored there. unavailable, timeout: the server could not be asked.
  [[nodiscard]] virtual base::Result<nlohmann::json> fetch(const std::string& reference) = 0;
  // Stores JSON text of at most 4 MiB beside the command's result, for as long as its execution; the reference.
  // unsupported: a plain command has no execution. lease_lost: the command is not ours any more.
  [[nodiscard]] virtual base::Result<std::string> keep(std::string json) = 0;
};

}  // namespace noetl::tools
