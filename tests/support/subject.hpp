#pragma once
// subject: a subject of NATS that a test knows to be one. Free function; any thread.
#include <string>

#include "shared/nats/subject.hpp"

namespace noetl::support {

inline nats::Subject subject(std::string text) { return nats::Subject::parse(std::move(text)).value(); }

}  // namespace noetl::support
