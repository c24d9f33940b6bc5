#pragma once
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <gluster/job.hpp>

namespace gluster::master {

// Jobs by number. It gives the numbers, ever larger ones, and passes over those whose place is taken by a job that takes long; so finding
// one is a look at one place.
class JobTable {
 public:
  // Gives the job its number.
  const std::shared_ptr<JobState>& add(std::shared_ptr<JobState> job) {
    if (2 * (size_ + 1) > places_.size()) grow();
    do job->call.number = next_++;
    while (place(job->call.number));
    ++size_;
    auto& here = place(job->call.number);
    here = std::move(job);
    return here;
  }
  // Null when there is none.
  JobState* find(std::uint64_t number) const {
    const auto& here = places_[number & (places_.size() - 1)];
    return here && here->call.number == number ? here.get() : nullptr;
  }
  // Of a job that is here.
  std::shared_ptr<JobState> take(std::uint64_t number) {
    --size_;
    return std::exchange(place(number), nullptr);
  }
  std::size_t size() const noexcept { return size_; }
  // A number of its own for a frame that is no call's.
  std::uint64_t number() { return next_++; }

  template <class F>
  void for_each(F what) const {
    for (const auto& job : places_)
      if (job) what(*job);
  }

 private:
  std::shared_ptr<JobState>& place(std::uint64_t number) { return places_[number & (places_.size() - 1)]; }

  void grow() {
    auto before = std::exchange(places_, std::vector<std::shared_ptr<JobState>>(2 * places_.size()));
    for (auto& job : before)  // two that had places of their own have them still: there is one more bit
      if (job) place(job->call.number) = std::move(job);
  }

  std::vector<std::shared_ptr<JobState>> places_ = std::vector<std::shared_ptr<JobState>>(64);
  std::size_t size_ = 0;
  std::uint64_t next_ = 1;
};

}  // namespace gluster::master
