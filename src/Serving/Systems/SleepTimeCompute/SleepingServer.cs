using Orrery.Kernel.Statistics;

namespace Orrery.Serving.Systems.SleepTimeCompute;

/// <summary>
/// A server with so many slots of one rate each. Questions are served first come, first served; slots that they leave free write notes,
/// which give way to a question at once and go on later. A context's change makes its note stale and what was written of it worthless.
/// </summary>
public sealed class SleepingServer
{
    private const double NanosecondsPerSecond = 1e9;

    private readonly IReadOnlyList<ContextPlan> _contexts;
    private readonly SleepTimeCost _cost;
    private readonly NotePriority _priority;
    private readonly NotePolicy _policy;
    private readonly double _tokensPerSecond;
    private readonly NoteState[] _notes;
    private readonly Queue<(double Arrival, int Context, int Question)> _line = new();
    private readonly PriorityQueue<(int Context, long Ticket, double Arrival), (double Time, long Ticket)> _ends = new();
    private readonly List<int> _writing = [];

    // Contexts without a note that nobody writes: untouched ones in the order in which they are taken, which time does not change because
    // all need as many tokens and the chance of a change is the same; and the few whose note was interrupted.
    private readonly SortedSet<int> _untouched;
    private readonly SortedSet<int> _begun = [];
    private int _free;
    private long _tickets;
    private double _now;

    /// <param name="slots">Requests at a time.</param>
    /// <param name="tokensPerSecond">Of a slot.</param>
    public SleepingServer(IReadOnlyList<ContextPlan> contexts, SleepTimeCost cost, NotePriority priority, NotePolicy policy, int slots, double tokensPerSecond)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        _contexts = contexts;
        _cost = cost;
        _priority = priority;
        _policy = policy;
        _free = slots;
        _tokensPerSecond = tokensPerSecond;
        _notes = [.. contexts.Select(_ => new NoteState { Left = cost.SleepTokens })];
        Helped = new int[contexts.Count];
        double[] worth = [.. contexts.Select(context => context.ForecastQuestions * context.Predictability)];
        _untouched = new(Enumerable.Range(0, contexts.Count), Comparer<int>.Create((a, b) =>
        {
            int order = policy == NotePolicy.All ? 0 : worth[b].CompareTo(worth[a]);
            return order != 0 ? order : a.CompareTo(b);
        }));
    }

    /// <summary>From arrival to the end of the answer, in nanoseconds.</summary>
    public QuantileSketch Latency { get; } = new();

    /// <summary>Questions by context that a note helped; all others took their full tokens.</summary>
    public int[] Helped { get; }

    /// <summary>Tokens of notes, finished or not.</summary>
    public double SleepTokens { get; private set; }

    /// <summary>Tokens of notes that no question used.</summary>
    public double WastedTokens { get; private set; }

    /// <summary>Questions that found a valid note.</summary>
    public long WithNote { get; private set; }

    public long Questions { get; private set; }

    /// <summary>Contexts of which nothing was ever written.</summary>
    public int Untouched => _notes.Count(note => !note.WasTouched);

    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public void Run(CancellationToken cancel = default)
    {
        (double Time, int Context, int Question)[] events =
        [
            .. _contexts.SelectMany((context, i) => context.Questions.Select((time, question) => (time, i, question))
                .Concat(context.Changes.Select(time => (time, i, -1)))).OrderBy(entry => entry.Item1),
        ];
        StartNotes();
        int next = 0;
        while (next < events.Length || _ends.Count > 0)
        {
            cancel.ThrowIfCancellationRequested();
            double arrives = next < events.Length ? events[next].Time : double.PositiveInfinity;
            double ends = _ends.TryPeek(out _, out (double Time, long) first) ? first.Time : double.PositiveInfinity;
            if (ends <= arrives)
            {
                _now = ends;
                End();
            }
            else
            {
                _now = arrives;
                (_, int context, int question) = events[next++];
                if (question < 0) Change(context);
                else _line.Enqueue((_now, context, question));
            }
            Fill();
        }
        foreach (NoteState note in _notes.Where(note => !note.WasUsed)) WastedTokens += note.Spent;
    }

    private void Fill()
    {
        while (_line.Count > 0 && (_free > 0 || Preempt())) Start(_line.Dequeue());
        StartNotes();
    }

    private void Start((double Arrival, int Context, int Question) asked)
    {
        NoteState note = _notes[asked.Context];
        double tokens = _cost.TestTokens;
        Questions++;
        if (note.IsReady)
        {
            WithNote++;
            note.WasUsed = true;
            if (_contexts[asked.Context].IsForeseen[asked.Question])
            {
                Helped[asked.Context]++;
                tokens = _cost.TestTokensWithNote;
            }
        }
        _free--;
        Push(-1, tokens, asked.Arrival);
    }

    private void StartNotes()
    {
        while (_free > 0 && _policy != NotePolicy.None && Best() is { } context)
        {
            _free--;
            NoteState note = _notes[context];
            note.WasTouched = true;
            note.StartedAt = _now;
            _writing.Add(context);
            note.Ticket = Push(context, note.Left, 0);
            Shelve(context);
        }
    }

    private int? Best()
    {
        int? best = null;
        double most = 0;
        if (_untouched.Count > 0) Consider(_untouched.Min);
        foreach (int context in _begun) Consider(context);
        return best;

        void Consider(int context)
        {
            double worth = _policy == NotePolicy.All ? _notes.Length - context : _priority.Of(_contexts[context], _now, _notes[context].Left);
            if (worth > most) (best, most) = (context, worth);
        }
    }

    /// <summary>Puts a context where <see cref="Best"/> looks for it, or nowhere while its note is ready or being written.</summary>
    private void Shelve(int context)
    {
        NoteState note = _notes[context];
        _untouched.Remove(context);
        _begun.Remove(context);
        if (note.IsReady || note.Ticket != 0) return;
        (note.Left < _cost.SleepTokens ? _begun : _untouched).Add(context);
    }

    private void End()
    {
        (int context, long ticket, double arrival) = _ends.Dequeue();
        if (context < 0)
        {
            _free++;
            Latency.Add((long)Math.Round((_now - arrival) * NanosecondsPerSecond));
        }
        else if (_notes[context].Ticket == ticket)
        {
            Stop(context);
            _notes[context].Left = 0;
            _notes[context].IsReady = true;
            Shelve(context);
        }
    }

    /// <summary>The note that was begun last gives its slot away.</summary>
    private bool Preempt()
    {
        if (_writing.Count == 0) return false;
        int context = _writing[^1];
        Stop(context);
        Shelve(context);
        return true;
    }

    private void Stop(int context)
    {
        NoteState note = _notes[context];
        double written = Math.Min(note.Left, (_now - note.StartedAt) * _tokensPerSecond);
        note.Left -= written;
        note.Spent += written;
        SleepTokens += written;
        note.Ticket = 0;
        _writing.Remove(context);
        _free++;
    }

    private void Change(int context)
    {
        NoteState note = _notes[context];
        if (note.Ticket != 0) Stop(context);
        if (!note.WasUsed) WastedTokens += note.Spent;
        (note.IsReady, note.WasUsed, note.Left, note.Spent) = (false, false, _cost.SleepTokens, 0);
        Shelve(context);
    }

    private long Push(int context, double tokens, double arrival)
    {
        long ticket = ++_tickets;
        _ends.Enqueue((context, ticket, arrival), (_now + (tokens / _tokensPerSecond), ticket));
        return ticket;
    }

    private sealed class NoteState
    {
        public bool IsReady { get; set; }

        /// <summary>A question found it.</summary>
        public bool WasUsed { get; set; }

        public bool WasTouched { get; set; }

        /// <summary>Tokens still to write.</summary>
        public double Left { get; set; }

        /// <summary>Tokens written of this version.</summary>
        public double Spent { get; set; }

        public double StartedAt { get; set; }

        /// <summary>Of the end that is planned; 0 while nobody writes.</summary>
        public long Ticket { get; set; }
    }
}
