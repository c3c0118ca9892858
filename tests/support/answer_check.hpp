#pragma once
// AnswerCheck: is an answer what the OpenAPI document of its server says? Strictly: a field that the document does not name is
// wrong, as is a status that the route does not have. Immutable; any thread.
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "shared/schema/checker.hpp"

namespace noetl::support {

struct CheckedAnswer {
  std::string_view method;
  std::string_view target;  // with its query
  int status = 0;
  std::string_view content_type;
  std::string_view body;
};

class AnswerCheck {
 public:
  explicit AnswerCheck(const nlohmann::json& document);

  // What is wrong, and with which answer; empty when all is well, or the document has no such route.
  [[nodiscard]] std::string wrong(const CheckedAnswer& answer) const;

 private:
  struct Route {
    std::vector<std::string> parts;
    nlohmann::json operation;
  };
  [[nodiscard]] const Route* route_of(std::string_view method, std::string_view path) const;
  [[nodiscard]] std::string wrong_body(const nlohmann::json& response, const CheckedAnswer& answer) const;

  schema::Checker checker_;
  std::map<std::string, std::vector<Route>, std::less<>> routes_;  // by method
};

}  // namespace noetl::support
