#include "server/api/work/work_handlers.hpp"
#include "server/views/read_queue.hpp"
#include "shared/json/object_writer.hpp"

namespace noetl::api {
namespace {

double uptime_seconds(const HandlerContext& context) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - context.started_at).count();
}

const char* nats_of(const views::Readiness& readiness) {
  if (!readiness.wants_nats) return "none";
  return readiness.has_nats ? "ok" : "unavailable";
}

}  // namespace

base::Result<Reply> handle_root(HandlerContext& context, const Call&) {
  json::ObjectWriter links;
  links.text("openapi", "/openapi.json")
      .text("health", "/health")
      .text("ready", "/readyz")
      .text("metrics", "/metrics")
      .text("executions", "/api/v2/executions")
      .text("queue", "/api/v2/queue")
      .text("workers", "/api/v2/workers");
  json::ObjectWriter out;
  out.text("name", "noetl-server").text("version", context.version).raw("links", links.finish());
  return json_reply(out.finish());
}

// Is the process answering, and what does it see? Always 200: /readyz is the one that says no.
base::Result<Reply> handle_health(HandlerContext& context, const Call&) {
  const auto readiness = views::check_readiness(context.server);
  json::ObjectWriter out;
  out.text("status", "ok")
      .text("database", readiness.has_postgres ? "ok" : "unavailable")
      .text("nats", nats_of(readiness))
      .number("uptime_seconds", uptime_seconds(context))
      .text("version", context.version);
  return json_reply(out.finish());
}

base::Result<Reply> handle_livez(HandlerContext&, const Call&) { return json_reply(R"({"status":"ok"})"); }

base::Result<Reply> handle_readyz(HandlerContext& context, const Call&) {
  if (context.is_shutting_down)
    return base::failure(base::ErrorCode::unavailable, "this server was asked to stop: send new requests to another");
  const auto readiness = views::check_readiness(context.server);
  if (!readiness.has_postgres) {
    return base::failure(base::ErrorCode::unavailable,
                         readiness.message.empty() ? "Postgres does not answer" : readiness.message);
  }
  if (!readiness.is_schema_current) {
    return base::failure(base::ErrorCode::schema_mismatch,
                         readiness.message.empty() ? "the schema is version " + std::to_string(readiness.schema_version)
                                                   : readiness.message);
  }
  json::ObjectWriter out;
  out.text("status", readiness.wants_nats && !readiness.has_nats ? "degraded" : "ok")
      .text("database", "ok")
      .text("nats", nats_of(readiness))
      .integer("schema_version", readiness.schema_version)
      .text_or_null("message", readiness.message);
  return json_reply(out.finish());
}

base::Result<Reply> handle_metrics(HandlerContext& context, const Call&) {
  return Reply{.status = 200,
               .body = context.metrics.expose(),
               .content_type = "text/plain; version=0.0.4; charset=utf-8",
               .headers = {}};
}

base::Result<Reply> handle_openapi(HandlerContext& context, const Call&) { return json_reply(context.openapi); }

}  // namespace noetl::api
