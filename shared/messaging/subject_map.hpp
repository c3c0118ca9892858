#pragma once
// Subjects of events: {domain}.{type}.{aggregate}.{action}. Whatever text a part is, it becomes tokens that NATS takes. Pure; any thread.
#include <string>
#include <string_view>

#include "shared/messaging/failure.hpp"
#include "shared/nats/subject.hpp"

namespace noetl::messaging {

struct SubjectParts {
  std::string domain;  // may have dots: a prefix of several tokens
  std::string type;
  std::string aggregate;  // one token: what NATS does not take in one is written %XX
  std::string action;  // may have dots
};

// Dots, wildcards, blanks, control characters and % as %XX; "etl/orders" stays as it is. Empty text is "%".
[[nodiscard]] std::string token_of(std::string_view text);
// settings: domain, type or action are no subject, or all of it is too long.
[[nodiscard]] Result<nats::Subject> subject_of(const SubjectParts& parts);
// Does the filter (`*` for a token, `>` for all that follow) take the subject?
[[nodiscard]] bool takes(std::string_view filter, std::string_view subject);

}  // namespace noetl::messaging
