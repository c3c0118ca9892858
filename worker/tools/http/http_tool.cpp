#include "worker/tools/http/http_tool.hpp"

#include <algorithm>
#include <array>

#include "worker/tools/http/http_exchange.hpp"
#include "worker/tools/options.hpp"
#include "worker/tools/reach_of.hpp"

namespace noetl::tools {

namespace {

constexpr std::array<OptionSpec, 22> http_options{{
    {"method", "text", "GET, POST, PUT, PATCH, DELETE, …; default GET"},
    {"url", "text", "where to; also `endpoint`"},
    {"endpoint", "text", "the same as `url`"},
    {"params", "map or text", "the query; a list gives its name several times"},
    {"headers", "map", "header names and values"},
    {"json", "any", "body as JSON"},
    {"form", "map", "body as a form"},
    {"files", "map",
     "multipart/form-data: field to a path, or to {filename, content or content_b64 or path, content_type}; "
     "`form` adds fields"},
    {"payload", "any", "body: a text as it is, anything else as JSON; also `body`"},
    {"body", "any", "the same as `payload`"},
    {"data", "any", "the same; or {query, body}"},
    {"auth", "name or map",
     "basic {username, password}, bearer {token}, api_key {header or name, value, in: header or query}; also "
     "`credential`"},
    {"credential", "name or map", "the same as `auth`"},
    {"verify_ssl", "true or false", "whether the peer's certificate is checked; default true"},
    {"ca_cert", "path", "file of the authorities that are trusted instead of the system's"},
    {"client_cert", "path", "file of our own certificate, with `client_key`"},
    {"client_key", "path", "file of its key"},
    {"follow_redirects", "true or false",
     "default true; to another origin go neither credentials nor other headers of the step, and no body"},
    {"proxy", "text", "http://user:password@host:port"},
    {"expected_status", "number or list", "statuses besides 2xx that are no error"},
    {"stream", "true or bytes",
     "the body of a 2xx is kept apart while it comes, in bounded memory, whatever its size or above that "
     "many bytes: `data` is "
     "{_ref, size, content_type}"},
    {"timeout", "seconds", "of the whole request, redirects included"},
}};

// Bodies above this many bytes are kept apart; absent: none is.
base::Result<std::optional<std::size_t>> streams_above(const ToolCall& call) {
  const Json* option = find_option(call, {"stream"});
  if (option == nullptr) return std::nullopt;
  if (option->is_number_integer() && option->get<std::int64_t>() >= 0) return option->get<std::size_t>();
  const auto is_wanted = bool_option(call, "stream", false);
  if (!is_wanted)
    return base::failure(base::ErrorCode::invalid_input,
                         "option 'stream' must be true, false or a number of bytes, not " + to_text(*option), "stream");
  return *is_wanted ? std::optional<std::size_t>(0) : std::nullopt;
}

}  // namespace

HttpTool::HttpTool(HttpSettings settings)
    : settings_(std::move(settings)), clients_(reach_of(settings_.limits).egress) {}

ToolResult HttpTool::run(const ToolCall& call) {
  return run_checked(*this, call, [&] { return run_request(call); });
}

std::span<const OptionSpec> HttpTool::options() const { return http_options; }

ToolResult HttpTool::run_request(const ToolCall& call) {
  auto request = http_request_of(call, reach_of(settings_.limits).files);
  if (!request) return failed(request.error());
  ToolResult result = send(call, *request);
  if (result.error) add_details(*result.error, {{"method", request->method}, {"url", url_of_error(*request)}});
  return result;
}

// `request` becomes the one that a redirect led to.
ToolResult HttpTool::send(const ToolCall& call, HttpRequest& request) {
  const auto deadline = deadline_of(call);
  if (!deadline) return refused(deadline.error().message);
  const auto above = streams_above(call);
  if (!above) return failed(above.error());
  const auto began = std::chrono::steady_clock::now();
  const std::size_t bytes_max = settings_.limits.result_bytes_max;
  const ExchangeSettings settings{
      .connect_timeout = settings_.connect_timeout,
      .deadline = *deadline,
      .stop = call.stop,
      .body = {.bytes_max = bytes_max,
               .streams_above = *above ? std::optional(std::min(**above, bytes_max)) : std::nullopt,
               .results = call.results,
               .progress = call.progress}};
  const auto is_late = [&] { return std::chrono::steady_clock::now() >= *deadline; };
  for (int hop = 0; hop <= settings_.redirects_max; ++hop) {
    if (call.stop.stop_requested()) return cancelled();
    if (is_late()) return timed_out(name_of(request));
    if (const auto allowed = check_destination(request); !allowed) return failed(allowed.error());
    const HttpAnswer answer = exchange(clients_, request, settings);
    if (answer.end == HttpAnswer::End::too_large) return too_large(request, bytes_max);
    if (answer.end != HttpAnswer::End::whole) {
      if (call.stop.stop_requested()) return cancelled();
      return is_late() ? timed_out(name_of(request)) : not_answered(answer, request, bytes_max);
    }
    if (!request.follows_redirects || !is_redirect(answer)) {
      ToolResult result = answered(answer, request, std::chrono::steady_clock::now() - began);
      return result.result.size() > bytes_max ? too_large(request, bytes_max) : result;
    }
    auto target = fetch::resolve_url(request.url, answer.headers.at("location"));
    if (!target) return refused(name_of(request) + " redirected to where it may not: " + target.error().message);
    auto next = redirected(request, answer.status, *std::move(target));
    if (!next) return refused(name_of(request) + " redirected to where it may not: " + next.error().message);
    request = *std::move(next);
  }
  return refused(name_of(request) + " redirected more than " + std::to_string(settings_.redirects_max) + " times");
}

}  // namespace noetl::tools
