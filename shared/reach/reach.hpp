#pragma once
// Reach: what tools may reach from this process. Built once by main and shared by all tools; any thread.
#include "shared/reach/egress.hpp"
#include "shared/reach/files_root.hpp"

namespace noetl::reach {

struct Reach {
  explicit Reach(const EgressSettings& egress_settings = {}, std::filesystem::path files_root = {})
      : egress(egress_settings), files(std::move(files_root)) {}

  const Egress egress;
  const FilesRoot files;
};

}  // namespace noetl::reach
