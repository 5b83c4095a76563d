using System.Globalization;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Units;
using Orrery.Serving.Routing;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Planning.Published;

/// <summary>One search for a placement; see <see cref="DistServePlacementOptions"/>.</summary>
internal sealed class DistServePlacement
{
    /// <summary>How far above the goodput one looks which target fails first.</summary>
    private const double Beyond = 1.1;

    /// <summary>Where the least scale is measured unless a rate is given.</summary>
    private const double Below = 0.9;

    private readonly DistServePlacementOptions _options;
    private readonly RandomStream _random;
    private readonly CancellationToken _cancel;
    private readonly DistServeFleets _fleets;
    private readonly ProbeWorkload _workload;
    private readonly List<IReadOnlyList<string>> _rows = [];
    private int _probes;
    private int _atEnd;

    // Requests/s per device of each phase of the answer, where phases are searched alone.
    private double _prefillRate;
    private double _decodeRate;

    public DistServePlacement(DistServePlacementOptions options, RandomStream random, CancellationToken cancel)
    {
        _options = options;
        _random = random.Split("traffic");
        _cancel = cancel;
        _fleets = new(options.Model, new BytesPerSecond(options.Link), options.WaitingShare);
        _workload = ProbeWorkload.Chats.First(workload => workload.Name == options.Workload);
    }

    public ExperimentResult Run()
    {
        (SplitPlacement placement, double planned) = _options.Search switch
        {
            PlacementSearchKind.Low => SearchLow(),
            PlacementSearchKind.High => SearchHigh(),
            _ => SearchTogether(),
        };
        PlannedFleet fleet = FleetOf(placement);
        double goodput = RateSearch.Bisect(_options.MostRate, _options.FinalWidth, rate => KeepsBoth(Probe(fleet, rate)));
        Dictionary<string, double> values = new()
        {
            ["plannedRatePerDevice"] = planned,
            ["goodputPerDevice"] = goodput,
            ["devices"] = fleet.Devices,
            ["prefillTensor"] = placement.Prefill.Tensor,
            ["prefillPipeline"] = placement.Prefill.Pipeline,
            ["candidates"] = _rows.Count,
        };
        if (placement.Decode is { } decode)
        {
            values["decodeTensor"] = decode.Tensor;
            values["decodePipeline"] = decode.Pipeline;
        }
        Count(placement, planned, values);
        List<ExperimentTable> tables = [new("Candidates", ["placement", "devices", "requests/s per device"], _rows)];
        if (goodput > 0) tables.Add(Measure(fleet, goodput, values));
        double rate = _options.Rate > 0 ? _options.Rate : Below * goodput;
        if (rate > 0) values["leastScale"] = Probe(fleet, rate).LeastScale(_options.Attainment, _options.Ttft.Seconds, _options.Tpot.Seconds);
        values["probes"] = _probes;
        return new(values)
        {
            Tables = tables,
            Notes = Notes(planned, goodput),
        };
    }

    /// <summary>Instances of the placement, and those that an offered rate needs: ceil(R / goodput) of each phase, or of the group (c).</summary>
    private void Count(SplitPlacement placement, double planned, Dictionary<string, double> values)
    {
        values["prefillInstances"] = placement.Prefills;
        if (placement.Decode is not null) values["decodeInstances"] = placement.Decodes;
        if (_options.OfferedRate <= 0) return;
        if (planned <= 0)
            throw new InputException("offeredRate: no placement keeps the targets at any rate that was tried, so no number of instances does; loosen ttft or tpot, or leave offeredRate out") { IsInfeasible = true };
        double groups = Math.Ceiling(_options.OfferedRate / (planned * placement.Devices));
        (double prefills, double decodes) = _options.Search == PlacementSearchKind.High && placement.Decode is { } decode
            ? (Math.Ceiling(_options.OfferedRate / (_prefillRate * placement.Prefill.Devices)), Math.Ceiling(_options.OfferedRate / (_decodeRate * decode.Devices)))
            : (groups * placement.Prefills, groups * placement.Decodes);
        values["offeredPrefillInstances"] = prefills;
        values["offeredDevices"] = prefills * placement.Prefill.Devices;
        if (placement.Decode is not { } cut) return;
        values["offeredDecodeInstances"] = decodes;
        values["offeredDevices"] += decodes * cut.Devices;
    }

    private List<string> Notes(double planned, double goodput)
    {
        List<string> notes = [$"lengths of {_workload.Name}: {_workload.Source}", "step times and KV memory: DistServe's simulator, fitted on A100-80GB SXM (b)"];
        if (planned <= 0)
            notes.Add($"no candidate keeps both targets at any rate that was tried, down to {Text(LeastTried(_options.Width))}/s per device: the placement shown is only the first of the smallest; loosen ttft or tpot, or lower width");
        if (_atEnd > 0 || RateSearch.IsAtEnd(goodput, _options.MostRate, _options.FinalWidth))
            notes.Add($"{(_atEnd > 0 ? $"{_atEnd} of {_rows.Count} searches" : "the search for the goodput")} ended at mostRate, {Text(_options.MostRate)}/s per device: what they found is a lower bound; raise mostRate");
        return notes;
    }

    private double LeastTried(double width)
    {
        double rate = _options.MostRate;
        while (rate >= width) rate /= 2;
        return rate;
    }

    private PlannedFleet FleetOf(SplitPlacement placement) =>
        placement.Decode is null ? _fleets.Together(placement.Prefill, placement.Prefills) : _fleets.Split(placement);

    private (SplitPlacement Placement, double Rate) SearchLow()
    {
        IEnumerable<SplitPlacement> all = SplitCuts.InNodes(_fleets.Model.Heads, _fleets.Model.Layers, _options.Nodes, _options.DevicesPerNode);
        return Best([.. all.Where(placement => _fleets.Fits(placement.Prefill) && _fleets.Fits(placement.Decode!.Value))]);
    }

    private (SplitPlacement Placement, double Rate) SearchTogether()
    {
        IReadOnlyList<Cut> cuts = _fleets.Cuts(_options.DevicesPerNode * _options.Nodes);
        if (_options.Search == PlacementSearchKind.Colocated)
        {
            // The smallest tensor degree with room for a batch: 13B on one device, 66B on four (artefact, b).
            int tensor = _options.Model == "opt-13b" ? 1 : 4;
            cuts = [.. cuts.Where(cut => cut == new Cut(tensor, 1))];
        }
        return Best([.. cuts.Select(cut => new SplitPlacement(cut, null))]);
    }

    /// <summary>
    /// Each phase alone, for every cut; of the pairs that fit together the one with the highest balanced rate, which is the best cut of each where
    /// those fit; then as many instances of both as the devices hold, in the shares that balance them.
    /// </summary>
    private (SplitPlacement Placement, double Rate) SearchHigh()
    {
        int devices = _options.Nodes * _options.DevicesPerNode;
        IReadOnlyList<Cut> cuts = [.. _fleets.Cuts(devices - 1).OrderBy(static cut => cut.Devices)];
        double[] prefillRates = [.. cuts.Select(cut => Alone(cut, ReplicaRole.Prefill))];
        double[] decodeRates = [.. cuts.Select(cut => Alone(cut, ReplicaRole.Decode))];
        (int Prefill, int Decode)? pair = null;
        double bestBalance = -1;
        for (int p = 0; p < cuts.Count; p++)
        {
            for (int d = 0; d < cuts.Count; d++)
            {
                if (cuts[p].Devices + cuts[d].Devices > devices) continue;
                double balance = Balanced(prefillRates[p], decodeRates[d]);
                if (balance <= bestBalance) continue;
                bestBalance = balance;
                pair = (p, d);
            }
        }
        (int prefill, int decode) = pair ?? throw Nothing();
        (_prefillRate, _decodeRate) = (prefillRates[prefill], decodeRates[decode]);
        return Fill(cuts[prefill], cuts[decode], devices);
    }

    /// <summary>Requests/s per device where both phases have devices in the shares that balance them.</summary>
    private static double Balanced(double prefillRate, double decodeRate) =>
        prefillRate > 0 && decodeRate > 0 ? 1 / ((1 / prefillRate) + (1 / decodeRate)) : 0;

    private (SplitPlacement Placement, double Rate) Fill(Cut prefill, Cut decode, int devices)
    {
        SplitPlacement best = new(prefill, decode);
        double bestRate = -1;
        for (int n = 1; n * prefill.Devices < devices; n++)
        {
            for (int m = 1; (n * prefill.Devices) + (m * decode.Devices) <= devices; m++)
            {
                SplitPlacement candidate = new(prefill, decode, n, m);
                double rate = Math.Min(n * prefill.Devices * _prefillRate, m * decode.Devices * _decodeRate) / candidate.Devices;
                if (rate <= bestRate) continue;
                bestRate = rate;
                best = candidate;
            }
        }
        return (best, bestRate);
    }

    /// <summary>Requests/s per device that a phase carries alone.</summary>
    private double Alone(Cut cut, ReplicaRole phase)
    {
        PlannedFleet fleet = _fleets.Alone(cut, phase);
        double rate = Bisect(perDevice => phase == ReplicaRole.Prefill
            ? Probe(fleet, perDevice, firstTokenOnly: true).Ttft(_options.Attainment) < _options.Ttft.Seconds
            : Probe(fleet, perDevice).TpotFromArrival(_options.Attainment) < _options.Tpot.Seconds);
        Record($"{phase} {cut}", cut.Devices, rate);
        return rate;
    }

    private double Bisect(Func<double, bool> holds)
    {
        double rate = RateSearch.Bisect(_options.MostRate, _options.Width, holds);
        if (RateSearch.IsAtEnd(rate, _options.MostRate, _options.Width)) _atEnd++;
        return rate;
    }

    /// <summary>The highest rate per device; of equals the fewest devices, then the first.</summary>
    private (SplitPlacement Placement, double Rate) Best(IReadOnlyList<SplitPlacement> candidates)
    {
        SplitPlacement? best = null;
        double bestRate = -1;
        foreach (SplitPlacement candidate in candidates)
        {
            PlannedFleet fleet = FleetOf(candidate);
            double rate = Bisect(perDevice => KeepsEach(Probe(fleet, perDevice)));
            Record(candidate.ToString(), candidate.Devices, rate);
            if (rate < bestRate || (rate == bestRate && candidate.Devices >= best!.Devices)) continue;
            bestRate = rate;
            best = candidate;
        }
        return (best ?? throw Nothing(), bestRate);
    }

    /// <summary>The search's test (artefact, b): each quantile below its target.</summary>
    private bool KeepsEach(ProbeResult result) =>
        result.Ttft(_options.Attainment) < _options.Ttft.Seconds && result.Tpot(_options.Attainment) < _options.Tpot.Seconds;

    /// <summary>The test of goodput: a share of requests keeps both.</summary>
    private bool KeepsBoth(ProbeResult result) => result.LeastScale(_options.Attainment, _options.Ttft.Seconds, _options.Tpot.Seconds) <= 1;

    private ProbeResult Probe(PlannedFleet fleet, double perDevice, bool firstTokenOnly = false)
    {
        _probes++;
        IReadOnlyList<Request> requests = _workload.Draw(perDevice * fleet.Devices, _options.Requests, _random, _cancel);
        if (firstTokenOnly)
            requests = [.. requests.Select(static request => new Request { Id = request.Id, Arrival = request.Arrival, PromptTokens = request.PromptTokens, OutputTokens = 1 })];
        return fleet.Run(requests, _cancel);
    }

    private ExperimentTable Measure(PlannedFleet fleet, double goodput, Dictionary<string, double> values)
    {
        ProbeResult at = Probe(fleet, goodput);
        ProbeResult beyond = Probe(fleet, Beyond * goodput);
        values["ttftUse"] = beyond.Ttft(_options.Attainment) / _options.Ttft.Seconds;
        values["tpotUse"] = beyond.Tpot(_options.Attainment) / _options.Tpot.Seconds;
        double all = at.Finished.Sum(static request => request.EndToEndSeconds);
        values["transferShare"] = at.TransferShare;
        values["handOverShare"] = at.Finished.Sum(static request => request.MovingSeconds) / all;
        (string Name, Func<ProbedRequest, double> Of)[] parts =
        [
            ("prefill queue", static request => request.QueueSeconds), ("prefill", static request => request.PromptSeconds),
            ("waiting for and moving KV", static request => request.MovingSeconds), ("decode queue and decode", static request => request.DecodeSeconds),
        ];
        return new("Where the time goes at the goodput", ["part", "seconds per request", "share"],
            [.. parts.Select(part => (IReadOnlyList<string>)[part.Name, Text(at.Finished.Average(part.Of)), Text(at.Finished.Sum(part.Of) / all)])]);
    }

    private void Record(string placement, int devices, double rate) => _rows.Add([placement, devices.ToString(CultureInfo.InvariantCulture), Text(rate)]);

    private InputException Nothing() => new(
        $"devicesPerNode: {_options.Nodes} x {_options.DevicesPerNode} devices hold no placement of {_options.Model} with published times; write more devices")
    { IsInfeasible = true };

    private static string Text(double value) => ExperimentTable.Cell(value, 4);
}
