using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Lending;

/// <summary>
/// Carries messages and copies between instances. What comes due at one instant is delivered in the order of senders, each one's in the order
/// of sending, after every completion of the instant and before anybody plans: so nothing depends on how steps were grouped.
/// </summary>
internal sealed class LendingPost
{
    private readonly Clock _clock;
    private readonly Duration _latency;
    private readonly Signal _sent;
    private readonly PriorityQueue<Action, (long At, int From, long Number)> _due = new();
    private readonly Dictionary<int, long> _numbers = [];

    public LendingPost(Clock clock, Duration latency)
    {
        _clock = clock;
        // A message that took no time could arrive before its sender has finished the instant.
        _latency = Duration.Max(latency, Duration.FromNanoseconds(1));
        _sent = new(clock, "messages between lenders");
        clock.Spawn("lending post", Carry, background: true);
    }

    /// <summary>Sends a message.</summary>
    /// <param name="from">The sender's index.</param>
    /// <param name="deliver">What it does where it arrives.</param>
    public void Send(int from, Action deliver) => SendAt(from, _clock.Now + _latency, deliver);

    /// <summary>The same for something that arrives at a known later instant, such as a copy.</summary>
    public void SendAt(int from, Instant at, Action deliver)
    {
        long number = _numbers.GetValueOrDefault(from);
        _numbers[from] = number + 1;
        at = Instant.Max(at, _clock.Now + Duration.FromNanoseconds(1));
        bool isFirst = !_due.TryPeek(out _, out (long At, int From, long Number) next) || at.Nanoseconds < next.At;
        _due.Enqueue(deliver, (at.Nanoseconds, from, number));
        if (isFirst) _sent.Set(Phase.React);
    }

    private async ValueTask Carry()
    {
        while (true)
        {
            Instant next = _due.TryPeek(out _, out (long At, int From, long Number) first) ? Instant.FromNanoseconds(first.At) : Instant.Never;
            if (next > _clock.Now)
            {
                await _sent.Wait(next, Phase.React);
                continue;
            }
            _due.Dequeue()();
        }
    }
}
