#pragma once
// HttpAnswer: what came back of one HTTP request, and what it means as a tool's result. Values; any thread.
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "worker/tools/http/http_request.hpp"
#include "worker/tools/results.hpp"

namespace noetl::tools {

// A body that was kept apart while it came (http_body.hpp).
struct KeptBody {
  std::string reference;
  std::uint64_t size = 0;
};

struct HttpAnswer {
  enum class End {
    whole,
    too_large,
    not_kept,
    timed_out,
    untrusted,
    forbidden,
    oversized,
    unsupported,
    invalid,
    broken
  };
  int status = 0;  // 0: nothing was answered
  std::map<std::string, std::string> headers;  // names in lower case, repeated ones joined; without Set-Cookie
  std::vector<std::string> cookies;  // the values of Set-Cookie
  std::string body;
  std::optional<KeptBody> kept;  // instead of `body`
  End end = End::whole;
  std::string trouble;  // why it did not come whole, in words
  std::optional<base::Error> keep_error;  // of `not_kept`
};

[[nodiscard]] bool is_redirect(const HttpAnswer& answer);

// The url as results show it: never what secrets were rendered into. The one place that makes such texts.
[[nodiscard]] std::string shown_url(const HttpRequest& request);
// The same for errors, which more people read: without the values of parameters that are named like secrets.
[[nodiscard]] std::string url_of_error(const HttpRequest& request);
// "GET http://host/path", for messages: without the query, which often carries keys.
[[nodiscard]] std::string name_of(const HttpRequest& request);

// Of an answer that came whole: completed, or failed with the answer as its result.
[[nodiscard]] ToolResult answered(const HttpAnswer& answer, const HttpRequest& request,
                                  std::chrono::duration<double> elapsed);
// Of one that did not. Neither cancelled nor past its deadline: that is for who holds the clock to say.
[[nodiscard]] ToolResult not_answered(const HttpAnswer& answer, const HttpRequest& request, std::size_t bytes_max);
[[nodiscard]] ToolResult too_large(const HttpRequest& request, std::size_t bytes_max);

}  // namespace noetl::tools
