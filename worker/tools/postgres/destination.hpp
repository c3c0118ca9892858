#pragma once
// destination_of: where a target leads, checked before libpq goes there. Free function; any thread; waits for names to resolve.
#include "shared/base/result.hpp"
#include "worker/tools/postgres/target.hpp"

namespace noetl::reach {
struct Reach;
}

namespace noetl::tools::postgres {

// The target with every host's addresses beside it (hostaddr), each of which may be reached, so that libpq looks nothing up; files
// of TLS are below the root. invalid_input: a host, a file or an option that a step may not name. The worker's own
// default is left as it is.
[[nodiscard]] base::Result<Target> destination_of(const Target& target, const reach::Reach& reach);

}  // namespace noetl::tools::postgres
