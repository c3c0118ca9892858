#pragma once
// Where the product's log lines go while a run is traced; empty: nowhere. One thread.
#include <functional>
#include <string>

namespace noetl::simulation {

using LogSink = std::function<void(const std::string&)>;
[[nodiscard]] LogSink& log_sink();

}  // namespace noetl::simulation
