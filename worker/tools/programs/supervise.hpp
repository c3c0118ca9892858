#pragma once
// supervise: the process between the worker and a program that it starts. Orphans of the program come to it, however they left its
// group and session, so that it can end all of them: together with the program, when the worker says so, and when the worker is gone.
// Runs in a fork of a process with threads: no allocation, nothing but system calls.
#include <sys/types.h>

#include "worker/tools/programs/child.hpp"

namespace noetl::tools {

// Everything that the program needs, made before the fork.
struct Launch {
  const char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* cwd = nullptr;
  const int* descriptors = nullptr;
  int descriptor_count = 0;
  ChildLimits limits;
  int error_descriptor = -1;  // hears errno when the program cannot be started, and closes when it has been
  int control_descriptor = -1;  // brings signals for the program's group, a byte each; takes its wait status, 4 bytes
};

[[noreturn]] void supervise(const Launch& launch);

}  // namespace noetl::tools
