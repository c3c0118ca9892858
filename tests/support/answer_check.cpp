#include "tests/support/answer_check.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace noetl::support {
namespace {

using Json = nlohmann::json;

// Given before a route is known, or by a proxy of the test.
constexpr std::array early_statuses{400, 405, 408, 413, 414, 431, 502, 503, 504};

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    parts.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace

AnswerCheck::AnswerCheck(const Json& document) : checker_(document.at("components").at("schemas")) {
  for (const auto& [path, operations] : document.at("paths").items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      routes_[upper].push_back({split(path), operation});
    }
  }
}

// Without parameters first, as the router does.
const AnswerCheck::Route* AnswerCheck::route_of(std::string_view method, std::string_view path) const {
  const auto of_method = routes_.find(method);
  if (of_method == routes_.end()) return nullptr;
  const auto parts = split(path);
  const Route* found = nullptr;
  for (const auto& route : of_method->second) {
    bool is_literal = true;
    const bool fits = std::equal(route.parts.begin(), route.parts.end(), parts.begin(), parts.end(),
                                 [&](const std::string& expected, const std::string& part) {
                                   if (!expected.starts_with('{')) return expected == part;
                                   is_literal = false;
                                   return !part.empty();
                                 });
    if (fits && is_literal) return &route;
    if (fits) found = &route;
  }
  return found;
}

std::string AnswerCheck::wrong(const CheckedAnswer& answer) const {
  const auto* route = route_of(answer.method, answer.target.substr(0, answer.target.find('?')));
  if (route == nullptr) return {};
  const auto& responses = route->operation.at("responses");
  const auto response = responses.find(std::to_string(answer.status));
  std::string problem;
  if (response == responses.end()) {
    if (std::find(early_statuses.begin(), early_statuses.end(), answer.status) != early_statuses.end()) return {};
    problem = "the document has no such status";
  } else {
    problem = wrong_body(*response, answer);
  }
  if (problem.empty()) return {};
  return std::string(answer.method) + " " + std::string(answer.target) + " answered " + std::to_string(answer.status) +
         ": " + problem + "\n" + std::string(answer.body.substr(0, 1000));
}

std::string AnswerCheck::wrong_body(const Json& response, const CheckedAnswer& answer) const {
  const auto type = std::string(answer.content_type.substr(0, answer.content_type.find(';')));
  const auto& content = response.at("content");
  if (!content.contains(type)) return "the document has no content of type '" + type + "'";
  const auto& schema = content[type].at("schema");
  if (!schema.contains("$ref")) return {};  // plain text
  const auto body = Json::parse(answer.body, nullptr, false);
  if (body.is_discarded()) return "the body is no JSON";
  const auto reference = schema["$ref"].get<std::string>();
  const auto error = checker_.check(reference.substr(reference.rfind('/') + 1), body, {.all_fields_are_named = true});
  return error ? error->message : std::string{};
}

}  // namespace noetl::support
