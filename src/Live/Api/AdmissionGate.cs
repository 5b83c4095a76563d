using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Bounds the answers of one model that are under way, waiting ones included: the rest is told when to come back.</summary>
/// <remarks>The time to come back is what the recent rate of completions needs for the places that are missing (our choice, d).</remarks>
internal sealed class AdmissionGate
{
    /// <summary>Completions that the rate is taken from (our choice, d).</summary>
    private const int RememberedCompletions = 32;

    /// <summary>Before anything has completed nothing is known (our choice, d).</summary>
    private const int UnknownRetrySeconds = 1;

    private const int LongestRetrySeconds = 60;

    private readonly ILiveModel _model;
    private readonly int _most;
    private readonly int _mostWaiting;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Queue<long> _completions = new();
    private int _inside;

    /// <param name="model">Whose waiting answers count.</param>
    /// <param name="most">Answers under way.</param>
    /// <param name="mostWaiting">Answers that wait in the scheduler's queue before others are refused; 0 = any number.</param>
    /// <param name="time">Clock of the completions.</param>
    public AdmissionGate(ILiveModel model, int most, int mostWaiting, TimeProvider time)
    {
        _model = model;
        _most = most;
        _mostWaiting = mostWaiting;
        _time = time;
    }

    public int Inside
    {
        get
        {
            lock (_lock) return _inside;
        }
    }

    /// <summary>Takes places for so many answers; each is given back by <see cref="Leave"/>.</summary>
    /// <exception cref="ApiException">429 where there is no room, 400 where there never is.</exception>
    public void Enter(int answers)
    {
        if (answers > _most || (_mostWaiting > 0 && answers > _mostWaiting)) throw new ApiException(ApiError.BadRequest($"the request asks for {answers} answers; this server takes {(_mostWaiting > 0 ? Math.Min(_most, _mostWaiting) : _most)} at a time"));
        lock (_lock)
        {
            // Who has entered and is not known to run waits, whether the scheduler has seen it yet or not.
            int waiting = Math.Max(0, _inside - _model.Load.Running);
            int excess = Math.Max(_inside + answers - _most, _mostWaiting > 0 ? waiting + answers - _mostWaiting : 0);
            if (excess > 0) throw new ApiException(ApiError.TooMany($"the model {_model.Id} has as many requests as it takes; try again later", RetrySeconds(excess)));
            _inside += answers;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _inside--;
            _completions.Enqueue(_time.GetTimestamp());
            if (_completions.Count > RememberedCompletions) _completions.Dequeue();
        }
    }

    private int RetrySeconds(int excess)
    {
        if (_completions.Count == 0) return UnknownRetrySeconds;
        double seconds = _time.GetElapsedTime(_completions.Peek()).TotalSeconds * excess / _completions.Count;
        return (int)Math.Clamp(Math.Ceiling(seconds), UnknownRetrySeconds, LongestRetrySeconds);
    }
}
