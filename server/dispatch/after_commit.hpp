#pragma once
// after_commit: runs what a use case does once its transaction is committed. Whatever fails there leaves as
// postgres::Unavailable, "the outcome is unknown, repeat under the same key", as a commit without an answer does: to whoever
// catches anything else, nothing was written (group_commit.hpp). Any thread.
#include <exception>
#include <string>

#include "server/postgres/errors.hpp"

namespace noetl::dispatch {

// Something else than Postgres has failed: a duty goes on with its other rows.
class UnfinishedAfterCommit : public postgres::Unavailable {
 public:
  using Unavailable::Unavailable;
};

template <class Work>
auto after_commit(const Work& work) {
  try {
    return work();
  } catch (const postgres::Unavailable&) {
    throw;
  } catch (const std::exception& failure) {
    throw UnfinishedAfterCommit(std::string("it is written, but what follows failed: ") + failure.what());
  }
}

}  // namespace noetl::dispatch
