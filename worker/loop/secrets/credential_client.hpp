#pragma once
// CredentialClient: what a worker reads of secrets and stored results from the server, with a small cache so that a
// loop of ten thousand items asks once. CommandSecrets: the same as one command's tools see it; it remembers what it
// gave out, so that none of it leaves with the report. Any thread; CommandSecrets belongs to one command.
#include <chrono>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "shared/base/clock.hpp"
#include "shared/base/guarded.hpp"
#include "shared/base/ids.hpp"
#include "shared/base/result.hpp"
#include "shared/domain/command.hpp"
#include "shared/secrets/secret_mask.hpp"
#include "worker/loop/leases/late_lease.hpp"
#include "worker/tools/credentials.hpp"

namespace noetl::loop {

using Json = nlohmann::json;

struct SecretAsker {
  std::string worker_id;
  base::ExecutionId execution_id;  // unset for a plain command
  domain::Lease lease = {};  // of the command that asks
  const LateLease* late = nullptr;  // where it comes from when it is to come yet
  std::stop_token stop = {};  // of the command: a server that is away is not waited for any longer
  base::SteadyTime deadline = base::SteadyTime::max();  // the same, by the system's clock
};

class CredentialClient {
 public:
  // GET of a path of the server; the body. Errors as the server's problem has them.
  using Fetch = std::function<base::Result<std::string>(const std::string& path)>;

  // POST of JSON text to a path of the server; the body.
  using Send = std::function<base::Result<std::string>(const std::string& path, const std::string& body)>;

  CredentialClient(Fetch fetch, const base::Clock& clock, Send send = {})
      : fetch_(std::move(fetch)), send_(std::move(send)), clock_(clock) {}

  // A credential by name; where there is none, the keychain entry of that name of the execution's playbook.
  [[nodiscard]] base::Result<tools::Credential> credential(const std::string& name, const SecretAsker& asker);
  [[nodiscard]] base::Result<tools::Credential> keychain_entry(const std::string& name, const SecretAsker& asker);
  [[nodiscard]] base::Result<Json> result(const std::string& reference, const SecretAsker& asker);
  // Stores JSON text for the command's execution; its reference.
  [[nodiscard]] base::Result<std::string> keep(std::string json, const SecretAsker& asker);

 private:
  struct Kept {
    tools::Credential credential;
    base::SteadyTime until;
  };
  struct Place {
    std::string key;  // of the cache
    std::string path;
    bool is_keychain = false;
  };
  [[nodiscard]] base::Result<tools::Credential> read(const Place& place, const std::string& name,
                                                     const SecretAsker& asker);
  [[nodiscard]] static base::Result<std::string> patiently(const SecretAsker& asker,
                                                           const std::function<base::Result<std::string>()>& call);
  void remember(const std::string& key, const tools::Credential& credential, std::chrono::milliseconds time);

  const Fetch fetch_;
  const Send send_;
  const base::Clock& clock_;
  base::Guarded<std::map<std::string, Kept>> kept_;
};

class CommandSecrets final : public tools::CredentialSource, public tools::ResultSource {
 public:
  // `client` null: nobody can be asked, and every question is answered with `unavailable`.
  CommandSecrets(CredentialClient* client, SecretAsker asker) : client_(client), asker_(std::move(asker)) {}

  [[nodiscard]] base::Result<tools::Credential> find(const std::string& name) override;
  [[nodiscard]] base::Result<Json> fetch(const std::string& reference) override;
  // Masked: in a piece of a file byte by byte, so that it keeps its size.
  [[nodiscard]] base::Result<std::string> keep(std::string json) override;
  void hide(const std::string& secret) override;
  [[nodiscard]] base::Result<tools::Credential> keychain_entry(const std::string& name);
  [[nodiscard]] const SecretAsker& asker() const { return asker_; }

  // Texts with every secret that was given out replaced by ***, in all forms that shared/secrets knows: of a secret of several lines
  // each of them, since lines are told while others are still to come, or cut off; and before a mark of a cut what the cut has
  // left of a secret.
  [[nodiscard]] std::string masked_lines(std::string text) const;
  // The same of JSON text.
  [[nodiscard]] std::string masked_result(std::string json) const;

 private:
  [[nodiscard]] std::string masked_part(std::string json) const;

  CredentialClient* client_;
  const SecretAsker asker_;
  mutable base::Guarded<secrets::SecretMask> mask_;  // a tool may have threads of its own
};

}  // namespace noetl::loop
