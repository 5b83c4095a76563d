using Orrery.Engine.Threads;

namespace Orrery.Engine.Models;

/// <summary>A small piece of work for one row of a batch, independent of all other rows.</summary>
internal delegate void RowStep(int row);

/// <summary>Does a step for every row: on all threads when there is enough to do, else on the caller's.</summary>
internal sealed class RowRunner(WorkerPool pool) : IParallelWork
{
    /// <summary>Numbers to touch below which handing out the work costs more (about two microseconds) than it saves.</summary>
    private const long NumbersWorthSharing = 1 << 14;

    private RowStep? _step;
    private int _rows;

    /// <param name="step">The work; made once, since a delegate costs memory.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="numbersPerRow">About how many numbers a row's step touches.</param>
    public void Run(RowStep step, int rows, int numbersPerRow)
    {
        if (rows == 1 || rows * (long)numbersPerRow < NumbersWorthSharing)
        {
            for (int row = 0; row < rows; row++) step(row);
            return;
        }
        (_step, _rows) = (step, rows);
        pool.Run(this);
        _step = null;
    }

    void IParallelWork.Run(int worker, int workers)
    {
        int end = (int)((long)_rows * (worker + 1) / workers);
        for (int row = (int)((long)_rows * worker / workers); row < end; row++) _step!(row);
    }
}
