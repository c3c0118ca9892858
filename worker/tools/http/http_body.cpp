#include "worker/tools/http/http_body.hpp"

#include "shared/base/text/base64.hpp"
#include "worker/tools/http/peer_body.hpp"

namespace noetl::tools {

namespace {

bool fails(HttpAnswer& answer, base::Error error) {
  answer.end = HttpAnswer::End::not_kept;
  answer.keep_error = std::move(error);
  return false;
}

}  // namespace

bool HttpBody::take(HttpAnswer& answer, std::string_view piece) {
  bytes_ += piece.size();
  // What is no success is small, and wanted whole in the step's error.
  const bool may_stream = settings_.streams_above && answer.status >= 200 && answer.status < 300;
  const bool is_streamed = may_stream && (!parts_.empty() || bytes_ > *settings_.streams_above);
  if (bytes_ > streamed_bytes_max || (!may_stream && bytes_ > settings_.bytes_max)) {
    answer.end = HttpAnswer::End::too_large;
    return false;
  }
  answer.body += piece;
  if (!is_streamed) return true;
  std::string_view rest = answer.body;
  while (rest.size() >= part_bytes) {
    if (!keep_part(answer, rest.substr(0, part_bytes))) return false;
    rest.remove_prefix(part_bytes);
  }
  answer.body.erase(0, answer.body.size() - rest.size());
  return true;
}

bool HttpBody::keep_part(HttpAnswer& answer, std::string_view part) {
  if (settings_.results == nullptr) {
    return fails(answer, {.code = base::ErrorCode::unsupported,
                          .message = "this worker has nobody who keeps results",
                          .field = "stream",
                          .retry_after = {},
                          .details = {}});
  }
  auto reference = settings_.results->keep(R"({"base64":")" + base::base64_encoded(part) + "\"}");
  if (!reference) return fails(answer, std::move(reference.error()));
  parts_.push_back(*std::move(reference));
  if (settings_.progress != nullptr)
    settings_.progress->tell({.fraction = {}, .rows = {}, .text = std::to_string(bytes_) + " bytes received"});
  return true;
}

void HttpBody::finish(HttpAnswer& answer) {
  const bool is_streamed = settings_.streams_above && answer.status >= 200 && answer.status < 300 &&
                           (!parts_.empty() || bytes_ > *settings_.streams_above);
  if (!is_streamed) return;
  if (!answer.body.empty() && !keep_part(answer, answer.body)) return;
  const auto type = answer.headers.find("content-type");
  const Json streamed{{"size", bytes_},
                      {"content_type", type == answer.headers.end() ? std::string() : header_text(type->second)},
                      {"encoding", "base64"},
                      {"parts", parts_}};
  auto reference = settings_.results->keep(to_text(Json{{"streamed", streamed}}));
  if (!reference) {
    (void)fails(answer, std::move(reference.error()));
    return;
  }
  answer.body.clear();
  answer.kept = KeptBody{.reference = *std::move(reference), .size = bytes_};
}

}  // namespace noetl::tools
