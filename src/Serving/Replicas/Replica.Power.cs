using Orrery.Serving.Execution;
using Orrery.Serving.Power;

namespace Orrery.Serving.Replicas;

/// <summary>What a power manager may know and change of a replica: the phase it is in, and its pace.</summary>
public sealed partial class Replica
{
    private ServerPhase _lastPhase;

    /// <summary>
    /// What it has been doing up to this instant, the same with and without fast-forward: at the end of a step, still that step. To be read
    /// before the phase <see cref="Kernel.Time.Phase.Plan"/>.
    /// </summary>
    public ServerPhase PhaseNow
    {
        get
        {
            if (_inFlight == 0) return _lastEnd == _clock.Now ? _lastPhase : ServerPhase.Idle;
            for (int i = 0; i < _inFlight; i++)
                if (PhaseOf(_runs[(_oldest + i) % _runs.Length].Plan) == ServerPhase.Prompts) return ServerPhase.Prompts;
            return ServerPhase.Decodes;
        }
    }

    /// <summary>How fast its devices run; always full where the executor is a real one.</summary>
    public StepPace Pace => _executor is IPacedExecutor paced ? paced.Pace : StepPace.Full;

    /// <summary>
    /// Slows the devices down or lets them go. Holds from the next step on: a run of steps that is ahead of time is cut at the step in
    /// flight, as an arrival cuts it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The executor is a real one, whose devices are not ours to slow down.</exception>
    public void SetPace(StepPace pace)
    {
        if (_executor is not IPacedExecutor paced) throw new InvalidOperationException("only modelled executors have a pace to set");
        if (paced.Pace == pace) return;
        paced.Pace = pace;
        CutRun();
    }

    private static ServerPhase PhaseOf(StepPlan plan) => plan.IsDecodeOnly ? ServerPhase.Decodes : ServerPhase.Prompts;
}
