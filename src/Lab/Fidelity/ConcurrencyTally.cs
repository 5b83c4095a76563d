namespace Orrery.Lab.Fidelity;

/// <summary>The requests of a benchmark: who waits, who was served when.</summary>
internal sealed class ConcurrencyTally(FixedConcurrency load, double requestSeconds, double firstTokenSteps)
{
    private readonly double[] _sent = new double[load.Requests];
    private readonly double[] _first = new double[load.Requests];
    private readonly Queue<int> _waiting = new();
    private double _ttft;
    private double _tpot;
    private int _spaced;
    private int _next;

    public int Finished { get; private set; }

    public bool IsDone => Finished == load.Requests;

    public Queue<int> Waiting => _waiting;

    public void Open()
    {
        for (int i = 0; i < load.Clients; i++) Send(0);
    }

    public void First(int request, double now)
    {
        _first[request] = now;
        _ttft += now - _sent[request] + requestSeconds;
    }

    /// <summary>The last token came; the client sends its next request.</summary>
    public void Finish(int request, double now)
    {
        Finished++;
        int output = load.Output(request);
        if (output > 1)
        {
            double tpot = (now - _first[request]) / (output - 1);
            _tpot += tpot;
            // The engine has the first token and keeps it for so many steps; the request goes on meanwhile.
            _ttft += Math.Min(firstTokenSteps, output - 1) * tpot;
            _spaced++;
        }
        Send(now);
    }

    public ConcurrencyResult Result(double now) =>
        new(_ttft / load.Requests, _spaced == 0 ? 0 : _tpot / _spaced, load.Requests / now);

    private void Send(double now)
    {
        if (_next == load.Requests) return;
        _sent[_next] = now;
        _waiting.Enqueue(_next++);
    }
}
