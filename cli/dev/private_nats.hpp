#pragma once
// A nats-server of one's own on 127.0.0.1 with a JetStream store in the data folder, with the accounts of every other
// installation (deploy/nats/accounts.conf) and passwords that are made at the first start. Main thread.
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "cli/dev/child_process.hpp"
#include "cli/dev/dev_folder.hpp"
#include "shared/base/result.hpp"

namespace noetl::dev {

struct PrivateNats {
  std::unique_ptr<ChildProcess> process;
  std::string url;  // without a login
  int port = 0;
  std::string passwords_file;  // mode 0600
  std::string url_file;  // mode 0600: the url with the login of the server, for noetlctl itself
  std::string operator_url_file;  // mode 0600: the url with the login of people, who look and publish nothing
  std::string operator_context;  // mode 0600: the same as a context of the command line `nats`; beside it producer.json
  std::map<std::string, std::string> passwords;  // by user

  // The login of a user as settings of a program.
  [[nodiscard]] std::map<std::string, std::string> login_of(const std::string& user) const;
  [[nodiscard]] std::string url_of(const std::string& user) const;  // with the login inside
};

// Returns when it greets. Errors: not_found (not installed), unavailable (with the log's tail).
[[nodiscard]] base::Result<PrivateNats> start_nats(DevFolder& data, const std::stop_token& stop);

}  // namespace noetl::dev
