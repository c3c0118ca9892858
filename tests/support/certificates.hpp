#pragma once
// Certificates: an authority, a server at 127.0.0.1 and a client, all made anew by openssl: ca.pem, server.pem and
// server.key, client.pem and client.key. A test's own.
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace noetl::support {

class Certificates {
 public:
  Certificates();
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

 private:
  void openssl(const std::string& arguments) const;

  TemporaryFolder folder_{"noetl-tls"};
};

}  // namespace noetl::support
