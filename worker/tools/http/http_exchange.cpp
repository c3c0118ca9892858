#include "worker/tools/http/http_exchange.hpp"

#include "shared/fetch/client.hpp"

namespace noetl::tools {

namespace {

using End = HttpAnswer::End;
using How = fetch::Ending::How;

// The error says which header it is, and not what stands in it.
tl::expected<fetch::Message, std::string> message_of(const HttpRequest& request) {
  fetch::Message message;
  auto method = fetch::Token::of(request.method);
  if (!method) return tl::unexpected<std::string>("its method is none of HTTP");
  message.method = *std::move(method);
  message.url = request.url;
  message.url.target.add(request.secret_query);
  const auto add = [&](const std::string& name, const std::string& value) {
    auto checked_name = fetch::Token::of(name);
    auto checked_value = fetch::HeaderValue::of(value);
    if (!checked_name || !checked_value) return false;
    message.headers.emplace_back(*std::move(checked_name), *std::move(checked_value));
    return true;
  };
  if (!request.headers.contains("user-agent")) (void)add("User-Agent", "noetl-worker");
  for (const auto& [name, value] : request.headers) {
    if (!add(name, value))
      return tl::unexpected("header '" + storable_text(name) + "' has a line break or another control character");
  }
  message.body = request.body;
  message.tls = {.is_verified = request.is_tls_verified,
                 .ca_file = request.ca_file,
                 .certificate_file = request.client_cert_file,
                 .key_file = request.client_key_file};
  message.proxy = {.host = request.proxy.host,
                   .port = request.proxy.port,
                   .user = request.proxy.user,
                   .password = request.proxy.password};
  return message;
}

End end_of(How how) {
  switch (how) {
    case How::whole: return End::whole;
    case How::connect_timeout:
    case How::late: return End::timed_out;
    case How::untrusted: return End::untrusted;
    case How::forbidden: return End::forbidden;
    case How::oversized: return End::oversized;
    case How::unsupported: return End::unsupported;
    case How::stopped:
    case How::broken: break;
  }
  return End::broken;
}

}  // namespace

HttpAnswer exchange(HttpClients& clients, const HttpRequest& request, const ExchangeSettings& settings) {
  HttpAnswer answer;
  const auto message = message_of(request);
  if (!message) {
    answer.end = End::invalid;
    answer.trouble = message.error();
    return answer;
  }
  auto client = clients.borrow(request);
  HttpBody body(settings.body);
  const fetch::Reader reader{.head =
                                 [&](const fetch::Head& head) {
                                   answer.status = head.status;
                                   answer.headers = head.headers;
                                   answer.cookies = head.cookies;
                                   return true;
                                 },
                             .body = [&](std::string_view bytes) { return body.take(answer, bytes); }};
  const fetch::Ending ending = client->send(
      *message, {.connect_timeout = settings.connect_timeout, .deadline = settings.deadline}, settings.stop, reader);
  // What the body was refused for says more than that reading was stopped.
  if (answer.end == End::whole) {
    answer.end = end_of(ending.how);
    answer.trouble = ending.why;
  }
  if (answer.end == End::whole) {
    body.finish(answer);
    clients.give_back(request, std::move(client));
  }
  return answer;
}

}  // namespace noetl::tools
