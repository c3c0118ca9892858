#pragma once
// open_reach: what the tools of a test may reach: this machine's addresses, where its peers listen, and one folder. Any thread.
#include <filesystem>
#include <memory>

#include "shared/reach/reach.hpp"

namespace noetl::support {

inline std::shared_ptr<const reach::Reach> open_reach(
    std::filesystem::path files_root = std::filesystem::temp_directory_path()) {
  return std::make_shared<const reach::Reach>(
      reach::EgressSettings{.allow = "loopback,own", .deny = {}, .own = {}, .never = {}}, std::move(files_root));
}

}  // namespace noetl::support
