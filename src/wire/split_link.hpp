#pragma once
#include <memory>
#include <utility>

#include "wire/link.hpp"

namespace gluster::wire {

// Two links as one: one rank is reached by the first, all others by the second. Who rests, rests at the second: the first's other side is driven by the same thread.
class SplitLink final : public Link {
 public:
  SplitLink(int rank_of_first, std::unique_ptr<Link> first, std::unique_ptr<Link> second)
      : rank_(rank_of_first), first_(std::move(first)), second_(std::move(second)) {}

  void send(int rank, Frame frame) override { to(rank).send(rank, std::move(frame)); }
  void flush() override { first_->flush(), second_->flush(); }
  std::size_t gathered(int rank) const override { return (rank == rank_ ? *first_ : *second_).gathered(rank); }
  bool poll(Receiver& receiver) override {
    bool moved = first_->poll(receiver);
    return second_->poll(receiver) || moved;
  }
  void trim() override { second_->trim(); }
  bool busy() const override { return second_->busy(); }
  bool drained() const override { return first_->drained() && second_->drained(); }
  void rest(std::chrono::microseconds most, bool (*ready)(void*), void* context) override { second_->rest(most, ready, context); }
  void wake() override { second_->wake(); }
  std::chrono::microseconds longest_rest() const override { return second_->longest_rest(); }
  bool is_still() const override { return first_->is_still() && second_->is_still(); }
  const Counters* counters_of(int rank) const override { return (rank == rank_ ? *first_ : *second_).counters_of(rank); }

 private:
  Link& to(int rank) { return rank == rank_ ? *first_ : *second_; }

  int rank_;
  std::unique_ptr<Link> first_, second_;
};

}  // namespace gluster::wire
