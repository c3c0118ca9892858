#pragma once
// SingleFlight: work under one key is done once however many ask for it at the same time; the others wait and get
// the same answer. Any thread. What `work` throws reaches its own caller; the others get `when_thrown`.
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace noetl::vault {

template <class Answer>
class SingleFlight {
 public:
  template <class Work>
  Answer run(const std::string& key, const Answer& when_thrown, Work&& work) {
    std::unique_lock lock(mutex_);
    if (const auto found = flights_.find(key); found != flights_.end()) {
      const std::shared_ptr<Flight> flight = found->second;  // shared with those who wait for it, too
      landed_.wait(lock, [&] { return flight->has_landed; });
      return flight->answer ? *flight->answer : when_thrown;
    }
    const auto flight = flights_.emplace(key, std::make_shared<Flight>()).first->second;
    lock.unlock();
    const Landing landing{*this, key, *flight};
    Answer answer = work();
    lock.lock();
    flight->answer = answer;
    lock.unlock();
    return answer;
  }

 private:
  struct Flight {
    bool has_landed = false;
    std::optional<Answer> answer;
  };
  // Wakes those who wait, also when the work threw.
  struct Landing {
    SingleFlight& owner;
    const std::string& key;
    Flight& flight;
    ~Landing() {
      const std::lock_guard lock(owner.mutex_);
      flight.has_landed = true;
      owner.flights_.erase(key);
      owner.landed_.notify_all();
    }
  };

  std::mutex mutex_;
  std::condition_variable landed_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace noetl::vault
