#pragma once
// The notifier's settings, from the server's: run_server makes with them what run_doctor compares with. Pure.
#include "server/notify/jetstream_notifier.hpp"
#include "shared/config/program_settings.hpp"
#include "shared/service/from_settings.hpp"

namespace noetl::server {

[[nodiscard]] inline notify::NotifierSettings notifier_settings(const config::ServerSettings& settings) {
  notify::NotifierSettings made;
  made.nats = service::nats_settings(settings.nats.address, "noetl-server");
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
