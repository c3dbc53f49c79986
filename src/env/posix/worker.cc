#include "env/posix/worker.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace penstock::env::posix {
namespace {

class ThreadWorker final : public Worker {
 public:
  explicit ThreadWorker(std::string name) : name_(std::move(name)) {}

  ~ThreadWorker() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    arrived_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void post(std::function<void()> job) override {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    }
    arrived_.notify_one();
  }

 private:
  void run() {
    ::pthread_setname_np(::pthread_self(), name_.substr(0, 15).c_str());
    std::unique_lock lock(mutex_);
    while (true) {
      arrived_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;  // Ending, and everything posted has run.
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }

  const std::string name_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Worker> PosixWorkers::make(std::string name) {
  return std::make_unique<ThreadWorker>(std::move(name));
}

}  // namespace penstock::env::posix
