#pragma once
// Router: finds the endpoint of a method and a path in the endpoints table. Paths without parameters are
// looked up, the others compared part by part; no regular expressions. Immutable; any thread.
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/api/routes/endpoints.hpp"
#include "shared/base/result.hpp"

namespace noetl::api {

struct Route {
  std::size_t endpoint = 0;  // its place in the table
  std::int64_t id = 0;
  std::string worker_id;
  std::string name;
};

class Router {
 public:
  explicit Router(std::span<const Endpoint> table);

  // Errors: not_found; method_not_allowed with the methods that are in `field`, as Allow has them;
  // invalid_input for an id or a worker's name that cannot be one. HEAD is answered as GET.
  [[nodiscard]] base::Result<Route> find(std::string_view method, std::string_view path) const;

 private:
  struct Template {
    std::size_t endpoint = 0;
    std::vector<std::string_view> parts;
  };

  [[nodiscard]] std::vector<std::size_t> endpoints_at(std::string_view path,
                                                      const std::vector<std::string_view>& parts) const;
  [[nodiscard]] static base::Result<Route> bind(const Template& found, const std::vector<std::string_view>& parts);

  std::span<const Endpoint> table_;
  std::vector<Template> templates_;  // by place in the table
  std::unordered_map<std::string_view, std::vector<std::size_t>> literal_paths_;  // path → places
};

}  // namespace noetl::api
