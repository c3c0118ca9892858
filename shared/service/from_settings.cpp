#include "shared/service/from_settings.hpp"

#include <utility>

namespace noetl::service {

nats::ConnectionSettings nats_settings(const config::NatsAddress& address, std::string name) {
  nats::ConnectionSettings made;
  made.url = address.url;
  made.user = address.user;
  made.password = address.password;
  made.token = address.token;
  made.credentials_file = address.credentials_file;
  made.nkey_seed_file = address.nkey_seed_file;
  made.inbox_prefix = address.inbox_prefix;
  made.tls_ca_file = address.ca_file;
  made.tls_certificate_file = address.certificate_file;
  made.tls_key_file = address.key_file;
  made.reconnect_delay = address.reconnect_delay;
  made.reconnect_delay_max = address.reconnect_delay_max;
  made.reconnects_max = address.reconnects_max;
  made.name = std::move(name);
  return made;
}

Settings identified(Settings own, const config::ServiceIdentity& identity) {
  if (!identity.name.empty()) own.name = token_of(identity.name);
  if (!identity.version.empty()) own.version = identity.version;
  if (!identity.description.empty()) own.description = identity.description;
  return own;
}

}  // namespace noetl::service
