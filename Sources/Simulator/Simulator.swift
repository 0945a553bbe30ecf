// Simulated conformers of Platform's seams.
