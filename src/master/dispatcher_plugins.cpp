// How a plugin gets to a rank ahead of its first call there.
#include <fmt/format.h>

#include "base/log.hpp"
#include "master/dispatcher.hpp"

namespace gluster::master {

using wire::Word;

std::uint32_t Dispatcher::add_image(Image image) {
  image.plugin.image = static_cast<std::uint32_t>(images_.size());
  images_.push_back({std::move(image), std::vector<Shipment>(roster_.size()), {}});
  return images_.back().image.plugin.image;
}

// How far the plugin is at this rank; offers it there the first time.
Dispatcher::Shipment& Dispatcher::offer(Shelved& shelved, int rank) {
  Shipment& shipment = shelved.at(rank);
  if (shipment.stage != Shipment::Stage::kNone) return shipment;
  shipment.stage = Shipment::Stage::kOffered;
  link_->send(rank, wire::frame_of(Word::kPlugin, jobs_.number(), shelved.image.plugin));
  return shipment;
}

void Dispatcher::on_ready(int rank, std::uint32_t image) {
  Shelved& shelved = images_.at(image);
  Shipment& shipment = shelved.at(rank);
  shipment.stage = Shipment::Stage::kReady;
  roster_.at(rank).status.plugins.push_back(shelved.image.plugin.name);
  for (const JobPointer& job : std::exchange(shipment.held, {})) advance(job, true);
  offer_again(shelved, rank);
}

// `rank` has done with the bytes it was sent. The others on its node find the plugin in the node's cache now, or try in turn.
void Dispatcher::offer_again(Shelved& shelved, int rank) {
  const std::string& host = roster_.at(rank).info->host;
  auto sent = shelved.bytes_sent_to.find(host);
  if (sent == shelved.bytes_sent_to.end() || sent->second != rank) return;
  shelved.bytes_sent_to.erase(sent);
  for (int other : roster_.ranks()) {
    Shipment& waiting = shelved.at(other);
    if (waiting.stage != Shipment::Stage::kWaiting || roster_.at(other).info->host != host) continue;
    waiting.stage = Shipment::Stage::kOffered;
    link_->send(other, wire::frame_of(Word::kPlugin, jobs_.number(), shelved.image.plugin));
  }
}

void Dispatcher::on_wanted(int rank, const wire::PluginWanted& wanted) {
  Shelved& shelved = images_.at(wanted.image);
  auto [sent, is_first] = shelved.bytes_sent_to.try_emplace(roster_.at(rank).info->host, rank);
  if (is_first) return send_bytes(shelved, rank, wanted.what);
  shelved.at(rank).stage = Shipment::Stage::kWaiting;
}

void Dispatcher::send_bytes(const Shelved& shelved, int rank, wire::Wanted what) {
  const auto& bytes = what == wire::Wanted::kObject ? shelved.image.object : shelved.image.source;
  link_->send(rank, wire::frame_of(Word::kPluginBytes, jobs_.number(), wire::PluginBytes{shelved.image.plugin.image, what, *bytes}));
}

void Dispatcher::on_failed(int rank, const wire::PluginFailed& failed) {
  Shelved& shelved = images_.at(failed.image);
  Shipment& shipment = shelved.at(rank);
  shipment.stage = Shipment::Stage::kFailed;
  shipment.failure = failed.message;
  for (const JobPointer& job : std::exchange(shipment.held, {})) finish(release(job->call), std::make_exception_ptr(PluginError(failed.message)));
  offer_again(shelved, rank);
  send_queued();
}

}  // namespace gluster::master
