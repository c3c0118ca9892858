#pragma once
// The notifier's settings, from the server's: run_server makes with them what run_doctor compares with. Pure.
#include "server/notify/jetstream_notifier.hpp"
#include "shared/config/program_settings.hpp"

namespace noetl::server {

[[nodiscard]] inline notify::NotifierSettings notifier_settings(const config::ServerSettings& settings) {
  notify::NotifierSettings made;
  made.nats.url = settings.nats.address.url;
  made.nats.user = settings.nats.address.user;
  made.nats.password = settings.nats.address.password;
  made.nats.token = settings.nats.address.token;
  made.nats.credentials_file = settings.nats.address.credentials_file;
  made.nats.inbox_prefix = settings.nats.address.inbox_prefix;
  made.nats.tls_ca_file = settings.nats.address.ca_file;
  made.nats.tls_certificate_file = settings.nats.address.certificate_file;
  made.nats.tls_key_file = settings.nats.address.key_file;
  made.stream = settings.nats.stream;
  made.subject = settings.nats.subject;
  made.consumer = settings.nats.consumer;
  made.dead_stream = settings.nats.dead_stream;
  made.ack_wait = settings.nats.ack_wait;
  made.deliveries_max = settings.nats.max_deliver;
  made.acks_pending_max = settings.nats.max_ack_pending;
  made.replicas = settings.nats.replicas;
  return made;
}

}  // namespace noetl::server
