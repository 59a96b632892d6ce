// Streams, graphs and events of the emulated device. Work stays queued until a call synchronises with it, the latest legal time: a
// program that reads too early or reuses a host buffer too soon gets wrong results every time. Only work advances the device's clock.
#include "stream.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

using namespace emu;

namespace {

struct Work { std::function<CUresult()> run; double ms; };
struct Stream { bool blocking; std::deque<Work> queue; std::vector<Work>* capture = nullptr; };
struct Graph { std::vector<Work> work; };
struct Event { Stream* stream = nullptr; bool reached = true; bool asked = false; double at = 0; };

CUresult sticky = SUCCESS;
Stream legacy{true, {}, nullptr};
std::vector<Stream*> streams = {&legacy};
double now_ms = 0;
std::map<std::string, double> costs;

Stream& of(void* handle) { return handle ? *(Stream*)handle : legacy; }

void drain(Stream& stream) {
  while (!stream.queue.empty()) {
    Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (sticky == SUCCESS) sticky = work.run();
    now_ms += work.ms;
  }
}
void drain_all() {
  for (Stream* stream : streams) drain(*stream);
}

}  // namespace

bool emu::capturing() {
  return std::any_of(streams.begin(), streams.end(), [](Stream* s) { return s->capture != nullptr; });
}

CUresult emu::enqueue(void* handle, std::function<CUresult()> run, double ms) {
  if (sticky != SUCCESS) return sticky;
  Stream& stream = of(handle);
  if (stream.capture) stream.capture->push_back({std::move(run), ms});
  else if (&stream == &legacy && capturing()) return CAPTURE_UNSUPPORTED;
  else stream.queue.push_back({std::move(run), ms});
  return SUCCESS;
}

CUresult emu::load_lazily(bool& loaded) {
  if (!loaded && capturing()) return CAPTURE_UNSUPPORTED;
  loaded = true;
  return SUCCESS;
}

double emu::cost_of(const std::string& kernel) {
  const auto found = costs.find(kernel);
  return found == costs.end() ? 0 : found->second;
}

CUresult emu::synchronise() {
  if (capturing()) return CAPTURE_UNSUPPORTED;
  drain_all();
  return sticky;
}

CUresult emu::synchronise_legacy() {
  if (capturing()) return CAPTURE_UNSUPPORTED;
  for (Stream* stream : streams)
    if (stream->blocking) drain(*stream);
  return sticky;
}

void emu::drop_work() {
  for (Stream* stream : streams) stream->queue.clear();
  sticky = SUCCESS;
}

extern "C" {

CUresult cuStreamCreate(void** stream, unsigned flags) {
  streams.push_back(new Stream{flags == 0, {}, nullptr});
  *stream = streams.back();
  return SUCCESS;
}
CUresult cuStreamDestroy_v2(void* stream) {
  drain(of(stream));
  streams.erase(std::remove(streams.begin(), streams.end(), (Stream*)stream), streams.end());
  delete (Stream*)stream;
  return SUCCESS;
}
CUresult cuStreamSynchronize(void* stream) {
  if (of(stream).capture) return CAPTURE_UNSUPPORTED;
  drain(of(stream));
  return sticky;
}
CUresult cuStreamBeginCapture_v2(void* stream, int) {
  if (!stream || of(stream).capture) return CAPTURE_UNSUPPORTED;
  of(stream).capture = new std::vector<Work>;
  return SUCCESS;
}
CUresult cuStreamEndCapture(void* stream, void** graph) {
  Stream& from = of(stream);
  if (!from.capture) return CAPTURE_INVALIDATED;
  *graph = new Graph{std::move(*from.capture)};
  delete from.capture;
  from.capture = nullptr;
  return SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(void** executable, void* graph, uint64_t) { *executable = new Graph(*(Graph*)graph); return SUCCESS; }
CUresult cuGraphUpload(void*, void*) { return SUCCESS; }
CUresult cuGraphLaunch(void* executable, void* stream) {
  for (const Work& work : ((Graph*)executable)->work)
    if (const CUresult result = enqueue(stream, work.run, work.ms)) return result;
  return SUCCESS;
}
CUresult cuGraphDestroy(void* graph) { delete (Graph*)graph; return SUCCESS; }
CUresult cuGraphExecDestroy(void* executable) { delete (Graph*)executable; return SUCCESS; }

CUresult cuEventCreate(void** event, unsigned) { *event = new Event; return SUCCESS; }
CUresult cuEventRecord(void* event, void* stream) {
  Event* recorded = (Event*)event;
  recorded->reached = recorded->asked = false;
  recorded->stream = &of(stream);
  return enqueue(stream, [=] { recorded->reached = true; recorded->at = now_ms; return (CUresult)SUCCESS; });
}
/// The first query returns NOT_READY, so that the caller's polling is exercised; the second completes the work.
CUresult cuEventQuery(void* event) {
  Event& e = *(Event*)event;
  if (!e.reached && !e.asked) { e.asked = true; return sticky == SUCCESS ? NOT_READY : sticky; }
  if (!e.reached) drain(*e.stream);
  return sticky;
}
CUresult cuEventElapsedTime(float* milliseconds, void* from, void* to) {
  if (!((Event*)from)->reached || !((Event*)to)->reached) return NOT_READY;
  *milliseconds = (float)(((Event*)to)->at - ((Event*)from)->at);
  return SUCCESS;
}
CUresult cuEventDestroy_v2(void* event) { drain_all(); delete (Event*)event; return SUCCESS; }

// ------------------------------------------------------------------------------------------------ emulator only
/// Sets the duration of every later launch of a kernel on the device's clock.
void emuCost(const char* kernel, double ms) { costs[kernel] = ms; }

}  // extern "C"
