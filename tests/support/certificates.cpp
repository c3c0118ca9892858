#include "tests/support/certificates.hpp"

#include "tests/support/process.hpp"

namespace noetl::support {

Certificates::Certificates() {
  openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem");
  for (const std::string name : {"server", "client"}) {
    openssl("req -newkey rsa:2048 -nodes -subj /CN=" + name + " -keyout " + name + ".key -out " + name + ".csr");
    write_text(folder_.path() / "names", "subjectAltName=IP:127.0.0.1");
    openssl("x509 -req -days 2 -in " + name + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out " +
            name + ".pem");
  }
}

void Certificates::openssl(const std::string& arguments) const {
  const auto program = find_program("openssl").string();
  run_program({.command = {"/bin/sh", "-c", program + " " + arguments},
               .env = {},
               .log_file = folder_.path() / "openssl.log",
               .work_folder = folder_.path(),
               .user = {}},
              std::chrono::seconds(30));
}

}  // namespace noetl::support
