using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Traffic.Generators.Lengths;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Generators.Marks;

/// <summary>Draws the marks of one source.</summary>
internal sealed class Marker
{
    private readonly RequestMarks _marks;
    private readonly WeightedChoice? _clients;
    private readonly WeightedChoice? _priorities;
    private readonly WeightedChoice? _prefixes;
    private readonly WeightedChoice? _adapters;
    private readonly CallDraw? _calls;
    private readonly TokenSpan[]? _spans;
    private readonly RandomStream _clientStream;
    private readonly RandomStream _priorityStream;
    private readonly RandomStream _prefixStream;
    private readonly RandomStream _adapterStream;
    private readonly RandomStream _patienceStream;

    internal Marker(RequestMarks marks, RandomStream random)
    {
        _marks = marks;
        _clientStream = random.Split("clients");
        _priorityStream = random.Split("priorities");
        _prefixStream = random.Split("prefixes");
        _adapterStream = random.Split("adapters");
        _patienceStream = random.Split("patience");
        if (marks.Clients.Count > 0) _clients = new WeightedChoice([.. marks.Clients.Select(c => c.Weight)]);
        if (marks.Priorities.Count > 0) _priorities = new WeightedChoice([.. marks.Priorities.Select(p => p.Weight)]);
        if (marks.Adapters is { } adapters) _adapters = WeightedChoice.Zipf(adapters.Count, adapters.Skew);
        if (marks.Calls is { } calls) _calls = new CallDraw(calls, random.Split("calls"));
        if (marks.Prefix is not { } prefix) return;
        RandomStream texts = random.Split("prefix-texts");
        _prefixes = WeightedChoice.Zipf(prefix.Groups, prefix.Skew);
        _spans = [.. Enumerable.Range(0, prefix.Groups).Select(_ =>
            new TokenSpan(texts.NextUInt64() | 1, Tokens.Whole(prefix.Tokens.Sample(texts))))];
    }

    internal int ClientCount => Math.Max(1, _marks.Clients.Count);

    internal string ClientName(int client) => _marks.Clients.Count == 0 ? "0" : _marks.Clients[client].Name;

    internal void Apply(ref TraceRow row)
    {
        row.MaxTokens = _marks.MaxTokens;
        row.Timeout = _marks.Timeout;
        if (_clients is not null) row.Client = _clients.Draw(_clientStream);
        if (_priorities is not null) row.Priority = _marks.Priorities[_priorities.Draw(_priorityStream)].Priority;
        if (_clients is not null && _marks.Clients[row.Client].Priority is { } own) row.Priority = own;
        if (_adapters is not null)
        {
            bool uses = _adapterStream.NextDouble() < _marks.Adapters!.Share;
            int adapter = _adapters.Draw(_adapterStream);
            if (uses) row.Adapter = adapter;
        }
        if (_prefixes is not null)
        {
            bool shares = _prefixStream.NextDouble() < _marks.Prefix!.Share;
            TokenSpan span = _spans![_prefixes.Draw(_prefixStream)];
            if (shares)
            {
                row.PromptTokens += span.Tokens;
                row.Content = row.Content is null ? [span] : [span, .. row.Content];
            }
        }
        _calls?.Apply(ref row);
        if (_marks.PatienceSeconds is { } patience) row.CancelAfter = Duration.FromSeconds(Math.Max(0, patience.Sample(_patienceStream)));
    }
}
