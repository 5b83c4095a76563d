using Orrery.Documents.Expectations;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Fleets;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.World.Deployments;
using Orrery.World.Power;

namespace Orrery.Lab.Runs;

/// <summary>From exact integer totals to the figures of a result.</summary>
internal static class ResultBuilder
{
    public static RunResult Build(Scenario scenario, Fleet fleet, RunWatch watch, Clock clock, Instant end, bool isPartial)
    {
        Totals totals = Totals.Of(scenario, fleet, end);
        ServingMetrics metrics = fleet.Metrics;
        RunFootprint footprint = Footprint(scenario, fleet, end);
        RunResult result = new()
        {
            Scenario = scenario.Name,
            Seed = scenario.Seed,
            IsPartial = isPartial,
            Requests = new(fleet.Arrived, metrics.Finished, metrics.Rejected, metrics.Cancelled, metrics.TimedOut, totals.Preemptions),
            Tokens = new(metrics.PromptTokens, totals.OutputTokens, totals.PrefillTokens, metrics.CachedTokens),
            Metrics = Metrics(metrics, totals, fleet.Arrived, end.Seconds),
            Cost = new(footprint.FacilityEnergy.Value, footprint.Carbon.Value, footprint.Water.Value, footprint.Money.Dollars),
            Simulation = new(end.Seconds, watch.WallSeconds, clock.Events, totals.Steps),
            RejectionReasons = watch.Reasons,
            Notes = scenario.Notes,
        };
        return result with { Expectations = [.. scenario.Expect.Select(expectation => Outcome(expectation, result))] };
    }

    private static RunMetrics Metrics(ServingMetrics metrics, Totals totals, long arrived, double seconds)
    {
        const double s = Duration.NanosecondsPerSecond;
        return new()
        {
            TtftSeconds = metrics.Ttft.Summarize(s),
            TpotSeconds = metrics.Tpot.Summarize(s),
            GapSeconds = metrics.Gaps.Summarize(s),
            E2eSeconds = metrics.EndToEnd.Summarize(s),
            QueueSeconds = metrics.Queue.Summarize(s),
            NormalizedLatencySeconds = metrics.NormalizedLatency.Summarize(s),
            Qoe = metrics.Qoe.Summarize(ServingMetrics.QoePartsPerOne),
            OutputTokensPerSecond = Ratio(totals.OutputTokens, seconds),
            RequestsPerSecond = Ratio(metrics.Finished, seconds),
            SloAttainment = Ratio(metrics.MetObjective, arrived),
            GoodputRequestsPerSecond = Ratio(metrics.MetObjective, seconds),
            BusyFraction = Ratio(totals.BusySeconds, totals.ReplicaSeconds),
            ModelFlopsUtilization = Ratio(totals.Flops, totals.PeakFlops),
            MemoryBandwidthUtilization = Ratio(totals.Bytes, totals.PeakBytes),
            KvUtilizationMean = totals.KvMean,
            KvUtilizationMax = totals.KvMax,
        };
    }

    private static RunFootprint Footprint(Scenario scenario, Fleet fleet, Instant end)
    {
        Duration elapsed = end - Instant.Zero;
        RunFootprint sum = RunFootprint.Zero;
        int next = 0;
        foreach (FleetEntry entry in scenario.Fleet)
        {
            PowerModel power = PowerModel.Of(entry.Deployment);
            int devices = entry.Deployment.Parallel.Devices;
            DeviceEnergy energy = default;
            for (int i = 0; i < entry.Replicas; i++)
            {
                ReplicaCounters counters = fleet.Replicas[next++].Counters;
                energy += power.Energy(devices, elapsed, counters.Busy(end), devices, counters.Flops, counters.MemoryBytes);
            }
            sum += RunFootprint.Of(entry.Deployment.Device, entry.Replicas * devices, elapsed, energy.Total, scenario.Energy);
        }
        return sum;
    }

    private static ExpectationOutcome Outcome(Expectation expectation, RunResult result)
    {
        Outcome outcome = expectation.Evaluate((statistic, metric) => RunMetricNames.Lookup(result, statistic, metric));
        return new(expectation.ToString(), outcome.Measured, outcome.IsMet, outcome.Sentence);
    }

    private static double Ratio(double part, double whole) => whole > 0 ? part / whole : 0;

    /// <summary>Sums over replicas.</summary>
    private sealed record Totals(
        long Steps,
        long Preemptions,
        long OutputTokens,
        long PrefillTokens,
        double BusySeconds,
        double ReplicaSeconds,
        double Flops,
        double PeakFlops,
        double Bytes,
        double PeakBytes,
        double KvMean,
        double KvMax)
    {
        public static Totals Of(Scenario scenario, Fleet fleet, Instant end)
        {
            long steps = 0;
            long preemptions = 0;
            long outputTokens = 0;
            long prefillTokens = 0;
            Int128 busy = 0;
            Int128 flops = 0;
            Int128 bytes = 0;
            double peakFlopsPerSecond = 0;
            double peakBytesPerSecond = 0;
            double kvMeans = 0;
            double kvMax = 0;
            int next = 0;
            foreach (FleetEntry entry in scenario.Fleet)
            {
                Deployment deployment = entry.Deployment;
                // Checked when the deployment was made: the device has units for its compute format.
                double peak = deployment.Device.PeakRate(deployment.Precision.Activations)!.Value.Value;
                peakFlopsPerSecond += peak * deployment.Parallel.Devices * entry.Replicas;
                peakBytesPerSecond += deployment.Device.MemoryBandwidth.Value * deployment.Parallel.Devices * entry.Replicas;
                for (int i = 0; i < entry.Replicas; i++)
                {
                    ReplicaCounters counters = fleet.Replicas[next++].Counters;
                    steps += counters.Steps;
                    preemptions += counters.Preemptions;
                    outputTokens += counters.OutputTokens;
                    prefillTokens += counters.PrefillTokens;
                    busy += counters.Busy(end).Nanoseconds;
                    flops += counters.Flops;
                    bytes += counters.MemoryBytes;
                    kvMeans += counters.KvBlocks.Mean(end) / counters.TotalBlocks;
                    kvMax = Math.Max(kvMax, (double)counters.KvBlocks.Max / counters.TotalBlocks);
                }
            }
            int replicas = fleet.Replicas.Count;
            return new(
                steps, preemptions, outputTokens, prefillTokens,
                (double)busy / Duration.NanosecondsPerSecond, replicas * end.Seconds,
                (double)flops, peakFlopsPerSecond * end.Seconds,
                (double)bytes, peakBytesPerSecond * end.Seconds,
                kvMeans / replicas, kvMax);
        }
    }
}
