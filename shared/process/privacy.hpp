#pragma once
// keep_private: what a process holds in memory stays its own. The first line of every main, before a setting is read.

namespace noetl::process {

// No process of the same user may read our memory, environment or descriptors, or attach to us, and we leave no core file;
// the latter holds for our children too. Files of /proc/self then belong to root: we may read most, but write none.
void keep_private() noexcept;

}  // namespace noetl::process
