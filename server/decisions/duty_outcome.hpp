#pragma once
// DutyOutcome: what a background duty came to when one row that cannot be read must not stop the others. That Postgres is
// away is not one row's fault: postgres::Unavailable ends the duty. Values; any thread.
#include <exception>
#include <functional>
#include <string>

#include "server/dispatch/after_commit.hpp"
#include "server/postgres/errors.hpp"

namespace noetl::decisions {

struct DutyOutcome {
  int done = 0;
  int left = 0;  // what failed: it is tried again the next time
  std::string why;  // of the first that was left

  // `work` about one of them, which is named `what`.
  void attempt(const std::string& what, const std::function<void()>& work) {
    try {
      work();
    } catch (const dispatch::UnfinishedAfterCommit& error) {
      note(what, error);
    } catch (const postgres::Unavailable&) {
      throw;
    } catch (const std::exception& error) {
      note(what, error);
    }
  }

 private:
  void note(const std::string& what, const std::exception& error) {
    if (left++ == 0) why = what + ": " + error.what();
  }
};

}  // namespace noetl::decisions
