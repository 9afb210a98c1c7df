"""The optimizer of the recipe, registered so that a saved network finds it."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("sklspeech")
class AdamW(keras.optimizers.AdamW):
    """Keras's AdamW; with TensorFlow one kernel updates a variable.

    Keras composes an update of some thirty operations, and for the variables of a small network to start them takes
    longer than what they do. The formulas are the same, the results equal to rounding. Other backends, other precisions
    than float32, sparse gradients and AMSGrad are left to Keras.
    """

    _powers: tuple = ()  # of beta_1 and beta_2, while a step is made

    def apply(self, grads, trainable_variables=None):
        step = ops.cast(self.iterations + 1, "float32")
        self._powers = ops.power(self.beta_1, step), ops.power(self.beta_2, step)  # once for all variables
        try:
            super().apply(grads, trainable_variables)
        finally:
            self._powers = ()  # they belong to the graph of this step

    def update_step(self, gradient, variable, learning_rate):
        if not self._is_fused(gradient, variable):
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        i = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[i].value.handle,
            v=self._velocities[i].value.handle,
            beta1_power=self._powers[0],
            beta2_power=self._powers[1],
            lr=ops.cast(learning_rate, "float32"),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )

    def _is_fused(self, gradient, variable):
        if keras.backend.backend() != "tensorflow" or self.amsgrad:
            return False
        import tensorflow as tf

        return isinstance(gradient, tf.Tensor) and gradient.dtype == variable.dtype == tf.float32
