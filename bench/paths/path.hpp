#pragma once
// Path: one thing that is done for every command, with inputs that are always the same, so that what it costs in
// instructions, statements and WAL can be compared with what it cost before (bench/paths/check.py). One thread.
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace noetl::bench {

struct Path {
  std::string name;
  std::string unit;  // what is counted: command, execution, rendering
  std::size_t units = 1;  // of them in one round
  std::function<void()> prepare = {};  // before each round, not measured
  std::function<void()> run;
  bool asks_postgres = false;
};

// The only function whose instructions are counted, with all that it calls: callgrind knows it by its name.
extern "C" void noetl_measured(const std::function<void()>& work);

}  // namespace noetl::bench
