using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Chains;

/// <summary>One request on its way through one pass; stale when the request lost its KV since.</summary>
internal readonly record struct Pass(ChainRequest Request, int Attempt)
{
    public bool IsStale => Request.Attempt != Attempt;
}

/// <summary>Runs one batch after the other from its queue, as the limits and the room for KV allow.</summary>
internal sealed class ChainHost
{
    private readonly Clock _clock;
    private readonly ChainRun _run;
    private readonly int _index;
    private readonly Signal _signal;
    private readonly List<Pass> _queue = [];
    private readonly List<Pass> _batch = [];
    private readonly HashSet<ChainRequest> _residents = [];
    private readonly List<(int FirstLayer, StageWork Work)> _entries = [];

    public ChainHost(Clock clock, ChainRun run, int index, HostSpec spec)
    {
        _clock = clock;
        _run = run;
        _index = index;
        Spec = spec;
        _signal = new Signal(clock, $"work for {spec.Name}");
        clock.Spawn(spec.Name, Run, background: true);
    }

    public HostSpec Spec { get; }

    public int Queued => _queue.Count + _batch.Count;

    public long KvUsed { get; private set; }

    public Duration Busy { get; private set; }

    public long Batches { get; private set; }

    /// <summary>Tokens times layers that it ran, of prompts and of decodes.</summary>
    public long LayerTokens { get; private set; }

    public void Enqueue(Pass pass) => _queue.Add(pass);

    public void Wake() => _signal.Set(Phase.Plan);

    public void Release(ChainRequest request, int hop)
    {
        long entries = request.HopKv[hop];
        if (entries == 0) return;
        request.HopKv[hop] = 0;
        KvUsed -= entries;
        _residents.Remove(request);
        Wake();
    }

    private async ValueTask Run()
    {
        while (true)
        {
            FormBatch();
            if (_batch.Count == 0)
            {
                await _signal.Wait();
                continue;
            }
            Duration taken = Duration.FromSeconds(BatchSeconds());
            Busy += taken;
            Batches++;
            await _clock.Delay(taken);
            _run.Complete(_index, _batch);
            _batch.Clear();
            // What arrives at this instant shall be in the next batch.
            await _clock.Until(_clock.Now, Phase.Plan);
        }
    }

    private void FormBatch()
    {
        int prompts = 0;
        int promptTokens = 0;
        int decodes = 0;
        long context = 0;
        bool promptsBlocked = false;
        int kept = 0;
        for (int i = 0; i < _queue.Count; i++)
        {
            Pass pass = _queue[i];
            if (pass.IsStale) continue;
            ChainRequest request = pass.Request;
            if (request.IsPrompt)
            {
                int tokens = request.PassTokens;
                bool fits = prompts == 0 || (prompts < Spec.Limits.Prompts && promptTokens + tokens <= Spec.Limits.PromptTokens);
                if (!promptsBlocked && fits && Take(request, tokens, ref promptsBlocked))
                {
                    prompts++;
                    promptTokens += tokens;
                    _batch.Add(pass);
                }
                else if (!pass.IsStale)
                {
                    _queue[kept++] = pass;
                }
                continue;
            }
            int held = request.ContextTokens;
            if (decodes > 0 && (decodes >= Spec.Limits.Decodes || context + held > Spec.Limits.DecodeContext))
            {
                _queue[kept++] = pass;
                continue;
            }
            if (!TakeForToken(request)) continue;
            decodes++;
            context += held;
            _batch.Add(pass);
        }
        _queue.RemoveRange(kept, _queue.Count - kept);
        // Room for a token may have been made by taking it from a request of this very batch.
        _batch.RemoveAll(static pass => pass.IsStale);
        _run.AdmitWaiting();
    }

    private bool Take(ChainRequest request, int tokens, ref bool blocked)
    {
        long entries = (long)tokens * request.Hops[request.Position].Layers;
        if (KvUsed + entries > Spec.KvEntries)
        {
            if (_residents.Count == 0) _run.Refuse(request);
            else blocked = true;
            return false;
        }
        Hold(request, entries);
        return true;
    }

    // A token needs an entry per layer; where there is none the youngest request gives its KV back and begins again.
    private bool TakeForToken(ChainRequest request)
    {
        int entries = request.Hops[request.Position].Layers;
        while (KvUsed + entries > Spec.KvEntries)
        {
            ChainRequest youngest = request;
            foreach (ChainRequest other in _residents)
            {
                if (other.Arrival > youngest.Arrival || (other.Arrival == youngest.Arrival && other.Id > youngest.Id)) youngest = other;
            }
            if (_residents.Count == 1) _run.Refuse(request);
            else _run.Restart(youngest);
            if (youngest == request) return false;
        }
        Hold(request, entries);
        return true;
    }

    private void Hold(ChainRequest request, long entries)
    {
        request.HopKv[request.Position] += entries;
        KvUsed += entries;
        _residents.Add(request);
    }

    // Requests that enter at a later layer join the others there.
    private double BatchSeconds()
    {
        _entries.Clear();
        StageWork all = default;
        foreach (Pass pass in _batch)
        {
            ChainRequest request = pass.Request;
            ChainHop hop = request.Hops[request.Position];
            StageWork work = request.IsPrompt ? new StageWork(request.PassTokens, 0, 0) : new StageWork(0, 1, request.ContextTokens);
            LayerTokens += (long)request.PassTokens * hop.Layers;
            all += work;
            int at = _entries.Count;
            while (at > 0 && _entries[at - 1].FirstLayer > hop.FirstLayer) at--;
            if (at > 0 && _entries[at - 1].FirstLayer == hop.FirstLayer) _entries[at - 1] = (hop.FirstLayer, _entries[at - 1].Work + work);
            else _entries.Insert(at, (hop.FirstLayer, work));
        }
        double seconds = Spec.Cost.EntrySeconds(all);
        StageWork sum = default;
        for (int i = 0; i < _entries.Count; i++)
        {
            sum += _entries[i].Work;
            int end = i + 1 < _entries.Count ? _entries[i + 1].FirstLayer : Spec.EndLayer;
            seconds += (end - _entries[i].FirstLayer) * Spec.Cost.LayerSeconds(sum);
        }
        return seconds;
    }
}
